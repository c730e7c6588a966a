// The messages of one conversation: drawing, scrolling, history, what is new, and the focus among them.
import { $, reconcile } from "./dom.js";
import { marker } from "./mentions.js";
import { itemsOf } from "./message.js";
import { counted, namesOf, firstName } from "./words.js";

const AT_END_PX = 48;
const NEAR_PX = 300;

export class Thread {
  id = null;
  marked = null;
  #sticks = true; // at the end, where new messages follow
  #loading = null;
  #below = 0;

  // `acts`: read(sequence), failed(error)
  constructor(store, outbox, acts) {
    Object.assign(this, { store, outbox, acts });
    this.pane = $("scroll");
    this.box = $("messages");
    this.jump = $("jump");
    this.pane.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.jump.addEventListener("click", () => this.toEnd({ focus: true }));
    new ResizeObserver(() => this.#sticks && this.#toBottom()).observe(this.pane);
    new ResizeObserver(() => this.#sticks && this.#toBottom()).observe(this.box);
  }

  get place() {
    return this.store.window(this.id);
  }

  get rows() {
    return this.store.rows(this.place);
  }

  get articles() {
    return [...this.box.querySelectorAll("article")];
  }

  // Shows a conversation at what is new, at its end, or at one message.
  async show(id, at = null) {
    this.id = id;
    this.marked = null;
    const c = this.store.conversations.get(id);
    if (!this.place) this.#quiet(() => this.box.replaceChildren(...skeletons()));
    if (at ? !this.rows.some(({ sequence }) => sequence === at) : !this.place || this.place.hasNewer) await this.store.open(id, at);
    if (this.id !== id) return;
    this.place.fresh = c?.unread_count ? this.#fresh(c) : null;
    this.#below = 0;
    this.#sticks = true;
    this.#quiet(() => this.draw());
    if (at) this.#markAt(at);
    else if (this.place.fresh) this.#showNew();
    else this.#toBottom();
    this.seen();
  }

  // What was new when one came: how much, and from which message on.
  #fresh(c) {
    const read = this.store.mine(c)?.read_sequence ?? 0;
    const unread = this.rows.filter((m) => m.sequence > read && m.sender.id !== this.store.me.id && !m.deleted && m.message_type !== "system");
    const from = this.place.hasNewer ? unread[0] : unread.at(-c.unread_count) ?? unread[0];
    return from ? { from: from.sequence, count: c.unread_count } : null;
  }

  // Goes to a message, which is fetched with its surroundings when it is far.
  async goTo(sequence) {
    const { id } = this;
    if (!this.rows.some((message) => message.sequence === sequence)) {
      await this.store.open(id, sequence);
      if (this.id !== id) return;
      this.#quiet(() => this.draw());
    }
    this.#markAt(sequence);
  }

  #markAt(sequence) {
    const message = this.rows.find((row) => row.sequence === sequence) ?? this.rows.find((row) => row.sequence > sequence);
    if (!message) return;
    this.marked = message.id;
    this.#sticks = false;
    this.draw();
    const article = this.box.querySelector(`[data-sequence="${message.sequence}"]`);
    article.scrollIntoView({ block: "center" });
    article.focus({ preventScroll: true });
    this.#scrolled();
  }

  #showNew() {
    const head = this.box.querySelector(".day-new");
    this.#toBottom();
    if (!head) return;
    const above = head.getBoundingClientRect().top - this.pane.getBoundingClientRect().top;
    if (above < 0) {
      this.#sticks = false;
      this.pane.scrollTop += above - 8;
    }
  }

  draw() {
    const c = this.store.conversations.get(this.id);
    if (!c || !this.place) return;
    const hold = this.#sticks ? null : this.#hold();
    const pending = this.place.hasNewer ? [] : this.outbox.of(this.id);
    const rows = this.rows;
    reconcile(this.box, itemsOf(rows, pending, viewOf(this.store, c, rows, { fresh: this.place.fresh, marked: this.marked })));
    this.#rove();
    if (this.#sticks) this.#toBottom();
    else hold?.();
    this.#drawJump(c, rows);
    this.#drawEmpty(c, rows.length + pending.length);
  }

  // What is read stays where it is, whatever comes above it.
  #hold() {
    const top = this.pane.getBoundingClientRect().top;
    const first = this.articles.find((article) => article.getBoundingClientRect().bottom > top);
    if (!first) return null;
    const { key } = first.dataset;
    // Its end is held: its head may go when an earlier message of the same person comes before it.
    const before = first.getBoundingClientRect().bottom;
    return () => {
      const now = this.box.querySelector(`[data-key="${CSS.escape(key)}"]`);
      if (now) this.pane.scrollTop += now.getBoundingClientRect().bottom - before;
    };
  }

  #rove() {
    const articles = this.articles;
    const held = articles.includes(document.activeElement?.closest?.("article")) ? document.activeElement.closest("article") : articles.at(-1);
    for (const article of articles) article.tabIndex = article === held ? 0 : -1;
  }

  #drawJump(c, rows) {
    const last = rows.at(-1)?.sequence ?? 0;
    const unseen = this.place.hasNewer ? c.unread_count : rows.filter((m) => m.sequence > this.#below && m.sender.id !== this.store.me.id && !m.deleted).length;
    const isAway = !this.#sticks || this.place.hasNewer;
    if (!isAway) this.#below = last;
    this.jump.hidden = !isAway;
    $("jump-words").textContent = unseen && isAway ? counted(unseen, "new message", "new messages") : "To the newest";
  }

  #drawEmpty(c, count) {
    $("thread-empty").hidden = count > 0;
    if (count) return;
    const names = namesOf(c.participants.filter(({ id }) => id !== this.store.me.id).map(({ name }) => firstName(name)));
    $("thread-empty-words").textContent = names ? `Nothing is written here yet. ${names} will see what you send.` : "Nobody else is here. Add people in the details.";
  }

  #scrolled() {
    const fromEnd = this.pane.scrollHeight - this.pane.scrollTop - this.pane.clientHeight;
    const atEnd = fromEnd < AT_END_PX && !this.place?.hasNewer;
    if (!atEnd && this.#sticks) this.#below = this.rows.at(-1)?.sequence ?? 0;
    const changed = atEnd !== this.#sticks;
    this.#sticks = atEnd;
    const c = this.store.conversations.get(this.id);
    if (changed && c && this.place) this.#drawJump(c, this.rows);
    if (this.pane.scrollTop < NEAR_PX && this.place?.hasOlder) this.#more("older");
    else if (fromEnd < NEAR_PX && this.place?.hasNewer) this.#more("newer");
    this.seen();
  }

  async #more(way) {
    if (this.#loading) return;
    this.#loading = way;
    this.pane.setAttribute("aria-busy", "true");
    try {
      await this.store[way](this.id);
      this.#quiet(() => this.draw());
    } catch (error) {
      this.acts.failed(error);
      // The next try is the reader's: scrolling alone would ask without end.
      await new Promise((go) => setTimeout(go, 3000));
    } finally {
      this.#loading = null;
      this.pane.removeAttribute("aria-busy");
    }
    if (this.pane.scrollHeight <= this.pane.clientHeight && this.place?.hasOlder) this.#more("older");
  }

  // What is fetched is not read aloud; what arrives is.
  #quiet(change) {
    this.pane.setAttribute("aria-live", "off");
    change();
    setTimeout(() => this.pane.setAttribute("aria-live", "polite"), 500);
  }

  // Tells how far was read: the last message whose end is on the screen.
  seen() {
    const c = this.store.conversations.get(this.id);
    if (!c || document.hidden || !this.place || this.pane.offsetParent === null) return;
    const end = this.pane.getBoundingClientRect().bottom + 4;
    const last = this.articles.findLast((article) => article.dataset.sequence && article.getBoundingClientRect().bottom <= end);
    const sequence = this.#sticks ? c.last_sequence : Number(last?.dataset.sequence ?? 0);
    if (sequence > (this.store.mine(c)?.read_sequence ?? 0)) this.acts.read(c, sequence);
    else if (c.unread_count && sequence >= c.last_sequence) this.acts.read(c, sequence);
  }

  async toEnd({ focus = false } = {}) {
    if (this.place?.hasNewer) {
      await this.store.open(this.id);
      this.#quiet(() => this.draw());
    }
    this.#sticks = true;
    this.#toBottom();
    this.draw();
    this.seen();
    if (focus) this.articles.at(-1)?.focus({ preventScroll: true });
  }

  #toBottom() {
    this.pane.scrollTop = this.pane.scrollHeight;
  }

  // Moves the focus among the messages: to the last one when none has it.
  step(by) {
    const articles = this.articles;
    const at = articles.indexOf(document.activeElement?.closest?.("article"));
    const next = at < 0 ? articles.at(-1) : articles[Math.min(articles.length - 1, Math.max(0, at + by))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
    this.#rove();
  }

  lastOwn() {
    return this.rows.findLast((message) => message.sender.id === this.store.me.id && !message.deleted && message.message_type === "user");
  }
}

// Who has left is still known by name from what they wrote, and stays marked where they were mentioned.
export function viewOf(store, c, rows, extra) {
  const others = c.participants.filter(({ id }) => id !== store.me.id);
  const here = new Set(c.participants.map(({ id }) => id));
  const left = [...new Map(rows.map(({ sender }) => [sender.id, sender])).values()].filter(({ id }) => id && !here.has(id));
  const names = [...c.participants, ...left].map(({ name }) => name).join("\n");
  const present = marker(c.participants, store.me);
  const markerOf = ({ metadata }) => {
    const mentioned = left.filter(({ id }) => metadata?.mentions?.includes(id));
    return mentioned.length ? marker([...c.participants, ...mentioned], store.me) : present;
  };
  return { me: store.me, others, names, markerOf, fresh: null, marked: null, inThread: false, ...extra };
}

function skeletons() {
  return ["half", "", "short"].map((width) => {
    const line = document.createElement("span");
    line.className = `skeleton ${width}`;
    line.dataset.key = `skeleton-${width}`;
    return line;
  });
}
