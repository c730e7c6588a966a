// What can be done with a message: one set of tools that follows the pointer and the focus, and a menu.
import { call } from "../lyceum/js/api.js";
import { ask } from "../lyceum/js/ask.js";
import { toast } from "../lyceum/js/toast.js";
import { $, el, iconButton } from "./dom.js";
import { problemText } from "./words.js";

export class Tools {
  #held = null; // id of the message that has the tools
  #menuFor = null;

  // `acts`: reply(message, article), edit(message, article), thread(message), goTo(sequence), again(id), discard(id)
  constructor(store, picker, box, current, acts) {
    Object.assign(this, { store, picker, box, current, acts });
    this.bar = el(
      "div",
      { class: "message-tools" },
      iconButton("smile-plus", "React", { "data-act": "react" }),
      iconButton("reply", "Reply", { "data-act": "reply" }),
      iconButton("ellipsis", "More", { "data-act": "more", "aria-haspopup": "menu" }),
    );
    box.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.attach(event.target.closest("article")));
    box.addEventListener("focusin", (event) => this.attach(event.target.closest("article")));
    box.addEventListener("click", (event) => this.#click(event));
  }

  messageOf(article) {
    return this.store.find(this.current(), article?.dataset.id);
  }

  // Where the tools are is where the pointer or the focus came last; a focus in them stays with its message.
  attach(article) {
    if (!article || article === this.bar.parentElement) return;
    const message = this.messageOf(article);
    if (message && !message.deleted && message.message_type !== "system") {
      this.#held = article.dataset.id;
      if (this.bar.contains(document.activeElement)) this.bar.parentElement.focus({ preventScroll: true });
      article.append(this.bar);
    }
  }

  // A message that was drawn anew gets its tools back while they are in use.
  restore() {
    if (this.bar.isConnected || !this.#held) return;
    const article = this.box.querySelector(`[data-id="${CSS.escape(this.#held)}"]`);
    if (article?.matches(":hover, :focus-within") || "open" in this.bar.dataset) article?.append(this.bar);
  }

  #click(event) {
    const article = event.target.closest("article");
    const target = event.target.closest("button, a");
    if (!article || !target) {
      if (article && !getSelection().toString()) article.focus({ preventScroll: true });
      return;
    }
    if (target.matches(".message-reply")) {
      event.preventDefault();
      this.acts.goTo(Number(target.dataset.at));
    } else if (target.dataset.emoji) this.react(this.messageOf(article), target.dataset.emoji, target.getAttribute("aria-pressed") === "true");
    else this.act(target.dataset.act, article, target);
  }

  act(name, article, source = article) {
    const { id } = article.dataset;
    if (name === "again") return this.acts.again(id);
    if (name === "discard") return this.acts.discard(id);
    const message = this.messageOf(article);
    if (!message || message.deleted) return null;
    if (name === "react") return this.picker.open(source, (emoji) => this.react(message, emoji, false, article));
    if (name === "reply") return this.acts.reply(message);
    if (name === "thread") return this.acts.thread(message);
    if (name === "more") return this.#openMenu(message, article, source);
    return null;
  }

  async react(message, emoji, isMine, article) {
    const address = `chat/conversations/${message.conversation}/messages/${message.id}/reactions/${encodeURIComponent(emoji)}/`;
    try {
      if (!isMine) this.store.react(message.conversation, message.id, (await call("PUT", address)).reactions);
      else {
        await call("DELETE", address);
        const left = this.store.find(message.conversation, message.id).reactions.map((r) => (r.emoji === emoji && r.mine ? { ...r, mine: false, count: r.count - 1 } : r));
        this.store.react(message.conversation, message.id, left.filter(({ count }) => count));
      }
    } catch (error) {
      toast(problemText(error));
    }
    if (article?.isConnected) article.focus({ preventScroll: true });
  }

  #openMenu(message, article, source) {
    const menu = $("message-menu");
    const c = this.store.conversations.get(message.conversation);
    const isOwn = message.sender.id === this.store.me.id;
    this.#menuFor = { message, article };
    menu.querySelector("[data-act=edit]").hidden = !isOwn;
    menu.querySelector("[data-act=copy]").hidden = !message.content;
    const mayDelete = isOwn || this.store.owns(c);
    menu.querySelector("[data-act=delete]").hidden = !mayDelete;
    menu.querySelector("hr").hidden = !mayDelete;
    menu.onclick = (event) => this.#chosen(event.target.closest("button")?.dataset.act);
    this.bar.dataset.open = "";
    menu.ontoggle = ({ newState }) => newState === "closed" && delete this.bar.dataset.open;
    menu.showPopover({ source });
    menu.querySelector("button:not([hidden])").focus();
  }

  async #chosen(act) {
    if (!act) return;
    const { message, article } = this.#menuFor;
    $("message-menu").hidePopover();
    if (act === "edit") this.acts.edit(message);
    else if (act === "thread") this.acts.thread(message);
    else if (act === "copy") this.#copy(message.content, "The text is copied.");
    else if (act === "link") this.#copy(`${location.origin}/talk/${message.conversation}/?at=${message.sequence}`, "The link is copied. It opens for members only.");
    else if (act === "delete") await this.#delete(message, article);
  }

  async #copy(text, words) {
    try {
      await navigator.clipboard.writeText(text);
      toast(words);
    } catch {
      toast("The browser did not allow copying.");
    }
  }

  async #delete(message, article) {
    const text = "Its text is gone for everyone. Its place in the conversation stays.";
    if (!(await ask({ title: "Delete this message?", text, verb: "Delete the message", danger: true }))) return;
    try {
      await call("DELETE", `chat/conversations/${message.conversation}/messages/${message.id}/`);
      this.store.apply({ type: "message_deleted", conversation: message.conversation, message_id: message.id, sequence: message.sequence });
    } catch (error) {
      toast(problemText(error));
    }
    setTimeout(() => this.box.querySelector(`[data-id="${article.dataset.id}"]`)?.focus());
  }
}

// The arrows walk through an open menu.
export function walkMenus() {
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.(".menu[popover]");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!menu || !step || menu.id === "picker") return;
    const items = [...menu.querySelectorAll("a, button")].filter((item) => item.checkVisibility());
    event.preventDefault();
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus();
  });
}
