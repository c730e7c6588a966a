// The field one writes in: it grows, keeps its draft, completes names, and sends, edits or replies.
import { Completion } from "./mentions.js";
import { me } from "./me.js";
import { counted, lengthOf, plain } from "./words.js";

const MOST = 8000;
const TELL_FROM = 7500;
const TELL_TYPING_MS = 3000;
const draftKey = (id) => `lyceum.draft.${me.id}.${id}`;

export const draftOf = (id) => localStorage.getItem(draftKey(id)) ?? "";

export class Composer {
  replyTo = null;
  editing = null;
  #conversation = null;
  #toldTyping = 0;

  // `acts`: send(text, replyTo), edit(message, text), editLast(), typing(isTyping), people()
  constructor(form, acts) {
    this.form = form;
    this.acts = acts;
    this.field = form.querySelector("textarea");
    this.context = form.querySelector(".composer-context");
    this.note = form.querySelector("[data-part=note]");
    this.completion = new Completion(this.field, acts.people);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.field.addEventListener("input", () => this.#input());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    form.querySelector("[data-act=drop]").addEventListener("click", () => this.drop());
    form.querySelector("[data-act=mention]").addEventListener("click", () => this.completion.begin());
  }

  show(id, name) {
    this.#conversation = id;
    this.#toldTyping = 0;
    this.#setContext(null, null);
    this.field.value = draftOf(id);
    this.name(name);
    this.completion.close();
    this.#count();
  }

  // Whom one writes to, which may be renamed meanwhile.
  name(name) {
    this.field.placeholder = `Message ${name}`;
    this.form.querySelector("label").textContent = `Message to ${name}`;
  }

  reply(message) {
    this.#setContext(message, null);
    this.field.focus();
  }

  edit(message) {
    this.#setContext(null, message);
    this.field.value = message.content;
    this.#count();
    this.field.focus();
  }

  // Lets the reply or the edit go; the draft comes back.
  drop() {
    const wasEditing = this.editing;
    this.#setContext(null, null);
    if (wasEditing) this.field.value = draftOf(this.#conversation);
    this.#count();
    this.field.focus();
  }

  get isBusy() {
    return Boolean(this.replyTo || this.editing);
  }

  #setContext(reply, edited) {
    this.replyTo = reply;
    this.editing = edited;
    this.context.hidden = !reply && !edited;
    this.form.toggleAttribute("data-editing", Boolean(edited));
    const words = this.context.querySelector("[data-part=words]");
    if (reply) {
      const name = Object.assign(document.createElement("strong"), { textContent: reply.sender.name });
      words.replaceChildren("Replying to ", name, `: ${plain(reply.content).slice(0, 120)}`);
    } else words.textContent = edited ? "Editing your message. Esc leaves it as it was." : "";
    this.form.querySelector("[data-part=verb]").textContent = edited ? "Save" : "Send";
  }

  #submit() {
    const text = this.field.value.trim();
    if (!text || lengthOf(text) > MOST) return this.field.focus();
    const { replyTo, editing } = this;
    this.field.value = editing ? draftOf(this.#conversation) : "";
    if (!editing) localStorage.removeItem(draftKey(this.#conversation));
    this.#toldTyping = 0;
    this.#setContext(null, null);
    this.completion.close();
    this.#count();
    if (editing) this.acts.edit(editing, text);
    else this.acts.send(text, replyTo);
    return this.field.focus();
  }

  #input() {
    this.#count();
    if (this.editing) return;
    const { value } = this.field;
    if (value) localStorage.setItem(draftKey(this.#conversation), value);
    else localStorage.removeItem(draftKey(this.#conversation));
    if (!value.trim()) {
      if (this.#toldTyping) this.acts.typing(false);
      this.#toldTyping = 0;
    } else if (Date.now() - this.#toldTyping > TELL_TYPING_MS) {
      this.#toldTyping = Date.now();
      this.acts.typing(true);
    }
  }

  // Says how much room is left before there is none.
  #count() {
    const length = lengthOf(this.field.value.trim());
    const left = MOST - length;
    this.form.querySelector("[data-part=send]").setAttribute("aria-disabled", String(!length || left < 0));
    this.field.setAttribute("aria-invalid", String(left < 0));
    this.note.classList.toggle("message-failed", left < 0);
    if (left < 0) this.note.textContent = `${counted(-left, "character", "characters")} too many: a message has at most 8,000`;
    else if (length > TELL_FROM) this.note.textContent = `${counted(left, "character", "characters")} left`;
    else this.note.textContent = "";
    this.form.toggleAttribute("data-told", Boolean(this.note.textContent));
  }

  #key(event) {
    if (event.isComposing || this.completion.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "ArrowUp" && !this.field.value && !this.isBusy && !event.altKey) {
      if (this.acts.editLast()) event.preventDefault();
    } else if (event.key === "Escape" && this.isBusy) {
      event.preventDefault();
      event.stopPropagation();
      this.drop();
    }
  }
}
