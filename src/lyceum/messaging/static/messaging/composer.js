// The field one writes in: it grows, keeps its draft, completes names, and sends, edits or replies.
import { lineOf } from "./files.js";
import { Completion } from "./mentions.js";
import { me } from "./me.js";
import { filesWaiting, Tray } from "./tray.js";
import { Voice } from "./voice.js";
import { counted, lengthOf } from "./words.js";

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
  #waits = false; // to be sent as soon as its files are there

  // `acts`: send(text, replyTo, files), edit(message, text), editLast(), typing(isTyping), people()
  constructor(form, acts) {
    this.form = form;
    this.acts = acts;
    this.field = form.querySelector("textarea");
    this.context = form.querySelector(".composer-context");
    this.note = form.querySelector("[data-part=note]");
    this.completion = new Completion(this.field, acts.people);
    this.tray = new Tray(form, () => this.#trayChanged());
    this.voice = new Voice(form, {
      place: () => this.tray.place,
      keep: (file, place) => this.#keepVoice(file, place),
      send: (file, place) => this.#sendVoice(file, place),
      refused: (words) => this.tray.refuse([words]),
    });
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
    this.voice.stop("keep");
    this.#waits = false;
    this.#conversation = id;
    this.#toldTyping = 0;
    this.#setContext(null, null);
    this.field.value = draftOf(id);
    this.name(name);
    this.tray.show(id);
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
      words.replaceChildren("Replying to ", name, `: ${lineOf(reply).slice(0, 120)}`);
    } else words.textContent = edited ? "Editing your message. Esc leaves it as it was." : "";
    this.form.querySelector("[data-part=verb]").textContent = edited ? "Save" : "Send";
  }

  #submit() {
    const text = this.field.value.trim();
    const { replyTo, editing, tray } = this;
    const hasFiles = editing ? editing.attachments?.length > 0 : tray.items.length > 0;
    if ((!text && !hasFiles) || lengthOf(text) > MOST) return this.field.focus();
    if (!editing && tray.failed.length) return this.form.querySelector("[data-tray=again]").focus();
    if (!editing && tray.isLoading) return this.#wait();
    const files = editing ? [] : tray.take();
    this.#waits = false;
    this.field.value = editing ? draftOf(this.#conversation) : "";
    if (!editing) localStorage.removeItem(draftKey(this.#conversation));
    this.#toldTyping = 0;
    this.#setContext(null, null);
    this.completion.close();
    this.#count();
    if (editing) this.acts.edit(editing, text);
    else this.acts.send(text, replyTo, files);
    return this.field.focus();
  }

  #wait() {
    this.#waits = true;
    this.#count();
    this.field.focus();
  }

  #trayChanged() {
    if (this.#waits && !this.tray.isLoading && !this.tray.failed.length && !this.editing) {
      this.#waits = false;
      this.#submit();
    } else this.#count();
  }

  #keepVoice(file, place) {
    this.tray.add([file], place);
    if (place === this.tray.place) this.field.focus();
  }

  #sendVoice(file, place) {
    this.#keepVoice(file, place);
    if (place === this.tray.place) this.#submit();
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

  get #hasFiles() {
    return this.editing ? this.editing.attachments?.length > 0 : this.tray.items.length > 0;
  }

  // Says how much room is left before there is none.
  #count() {
    const length = lengthOf(this.field.value.trim());
    const left = MOST - length;
    this.form.querySelector("[data-part=send]").setAttribute("aria-disabled", String((!length && !this.#hasFiles) || left < 0));
    this.field.setAttribute("aria-invalid", String(left < 0));
    this.note.classList.toggle("message-failed", left < 0);
    if (left < 0) this.note.textContent = `${counted(-left, "character", "characters")} too many: a message has at most 8,000 characters`;
    else if (length > TELL_FROM) this.note.textContent = `${counted(left, "character", "characters")} left`;
    else if (this.#waits && this.tray.isLoading) this.note.textContent = filesWaiting(this.tray.items.filter(({ file }) => !file).length);
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
