// The third pane: details of the conversation, or one thread of replies; a sheet where there is no room for it.
import { Composer } from "./composer.js";
import { $, reconcile } from "./dom.js";
import { itemsOf } from "./message.js";
import { viewOf } from "./thread.js";
import { counted } from "./words.js";

const WIDE = matchMedia("(width >= 75rem)");
const KEPT = "lyceum.talk.details";

export class Side {
  #cameFrom = null;

  // `acts`: send(text, root), edit(message, text), typing(isTyping), people(), editLast()
  constructor(store, outbox, acts) {
    Object.assign(this, { store, outbox });
    this.main = $("main");
    this.composer = new Composer($("thread-composer"), {
      ...acts,
      send: (text, replyTo, files) => acts.send(text, replyTo ?? this.root, files),
      editLast: () => this.#editLast(),
    });
    $("details-open").addEventListener("click", () => (this.shows === "details" ? this.close() : this.openDetails()));
    for (const button of document.querySelectorAll("[data-act=close-side]")) button.addEventListener("click", () => this.close());
  }

  get shows() {
    return this.main.dataset.side;
  }

  get isSheet() {
    return !WIDE.matches;
  }

  // On a wide page the details stand open unless they were closed.
  start() {
    this.#set(WIDE.matches && localStorage.getItem(KEPT) !== "closed" ? "details" : "");
  }

  #set(what) {
    this.main.dataset.side = what;
    $("details-open").setAttribute("aria-expanded", String(what === "details"));
  }

  openDetails() {
    this.#cameFrom = document.activeElement;
    this.store.thread = null;
    this.#set("details");
    if (WIDE.matches) localStorage.removeItem(KEPT);
    $("details-title").focus();
  }

  async openThread(conversation, message) {
    this.#cameFrom = document.activeElement;
    await this.store.openThread(conversation, message);
    this.#set("thread");
    this.draw();
    this.composer.show(`${conversation}.${this.root.id}`, "this thread");
    $("thread-scroll").scrollTop = $("thread-scroll").scrollHeight;
    this.composer.field.focus();
  }

  close() {
    if (this.shows === "details" && WIDE.matches) localStorage.setItem(KEPT, "closed");
    const wasThread = this.shows === "thread";
    this.store.thread = null;
    this.#set(wasThread && WIDE.matches && localStorage.getItem(KEPT) !== "closed" ? "details" : "");
    if (this.#cameFrom?.isConnected) this.#cameFrom.focus();
    else $("scroll").focus();
  }

  // Another conversation is shown: its thread is not here, and a sheet would hide it.
  leave() {
    this.store.thread = null;
    if (this.shows === "thread" || this.isSheet) this.start();
  }

  get root() {
    return this.store.thread?.messages.get(this.store.thread.root);
  }

  draw() {
    const { thread } = this.store;
    if (this.shows === "thread" && !thread) return this.close();
    const c = thread && this.store.conversations.get(thread.conversation);
    if (!c) return null;
    const scroll = $("thread-scroll");
    const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 48;
    const rows = this.store.rows(thread);
    const pending = this.outbox.of(c.id).filter((entry) => entry.root === thread.root);
    reconcile($("thread-messages"), itemsOf(rows, pending, viewOf(this.store, c, rows, { inThread: true })));
    $("thread-count").textContent = rows.length > 1 ? counted(rows.length - 1, "reply", "replies") : "No replies yet";
    if (atEnd) scroll.scrollTop = scroll.scrollHeight;
    return null;
  }

  #editLast() {
    const own = this.store.rows(this.store.thread).findLast((m) => m.sender.id === this.store.me.id && !m.deleted);
    if (own) this.composer.edit(own);
    return Boolean(own);
  }
}
