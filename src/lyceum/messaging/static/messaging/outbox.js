// What was written and is not acknowledged: kept in this browser, sent in order, each under one client_id.
import "../lyceum/worker/here.js";
import { lineOf } from "./files.js";

const here = globalThis.lyceumHere;
const ANSWER_MS = 10_000;
// randomUUID is for secure origins alone; a house in a local network may have none.
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const AFTER_LOSS = new Set(["lost", "unanswered", "unavailable"]);

export class Outbox extends EventTarget {
  #entries = new Map();
  #flying = null; // {id, timer}
  #pause = 0;

  constructor(me, connection) {
    super();
    this.me = me;
    this.connection = connection;
  }

  // Reads what waits from before; until then nothing is sent.
  async load() {
    const kept = await here.all("outbox", this.me.id).catch(() => []);
    for (const entry of kept) {
      const state = entry.state === "failed" ? "failed" : "waiting";
      this.#entries.set(entry.client_id, { ...entry, state });
    }
    this.#changed();
  }

  get all() {
    return [...this.#entries.values()].sort((a, b) => a.timestamp.localeCompare(b.timestamp));
  }

  of(conversation) {
    return this.all.filter((entry) => entry.conversation === conversation);
  }

  get(id) {
    return this.#entries.get(id);
  }

  add(conversation, content, replyTo, attachments = []) {
    const client_id = newId();
    this.#put({
      id: client_id,
      client_id,
      conversation,
      sender: this.me,
      content,
      timestamp: new Date().toISOString(),
      reply_to: replyTo && { id: replyTo.id, sequence: replyTo.sequence, sender: replyTo.sender, excerpt: lineOf(replyTo).slice(0, 140) },
      root: replyTo ? (replyTo.thread?.root ?? replyTo.id) : null,
      attachments,
      reactions: [],
      state: "waiting",
    });
    this.pump();
  }

  again(id) {
    const entry = this.#entries.get(id);
    if (!entry) return;
    if (entry.code === "client_id_reused") {
      this.discard(id);
      const fresh = newId();
      this.#put({ ...entry, id: fresh, client_id: fresh, state: "waiting", code: null, reason: null });
    } else this.#put({ ...entry, state: "waiting", code: null, reason: null });
    this.pump();
  }

  discard(id) {
    if (this.#flying?.id === id) this.#land();
    this.#entries.delete(id);
    here.remove("outbox", this.me.id, id).catch(() => {});
    this.#changed();
  }

  // The connection is lost: what flies is unsure, and waits under its client_id.
  lost() {
    const id = this.#flying?.id;
    this.#land();
    if (id && this.#entries.has(id)) this.#put({ ...this.#entries.get(id), state: "waiting" });
    this.#changed();
  }

  // The connection is back: what failed for want of it is sent once more, under the same client_id.
  back() {
    for (const entry of this.all) {
      if (entry.state === "failed" && AFTER_LOSS.has(entry.code)) this.#put({ ...entry, state: "waiting", reason: null });
    }
    this.pump();
  }

  // Says what became of an acknowledged entry; null when it is not ours.
  acknowledge({ client_id, message_id, sequence, content, timestamp }) {
    const entry = this.#entries.get(client_id);
    if (!entry) return null;
    this.discard(client_id);
    this.pump();
    return { ...entry, id: message_id, sequence, content, timestamp };
  }

  refuse({ client_id, code, message, retry_after, errors }) {
    const entry = this.#entries.get(client_id);
    if (!entry) return false;
    if (this.#flying?.id === client_id) this.#land();
    if (code === "rate_limited") {
      const seconds = Math.max(0.2, retry_after ?? 1);
      this.#put({ ...entry, state: "waiting", reason: `Waits ${Math.ceil(seconds)} s: many messages at once` });
      clearTimeout(this.#pause);
      this.#pause = setTimeout(() => {
        this.#pause = 0;
        this.pump();
      }, seconds * 1000);
      return true;
    }
    this.#put({ ...entry, state: "failed", code, reason: errors?.[0]?.detail ?? message });
    this.pump();
    return true;
  }

  pump() {
    if (this.#flying || this.#pause || !this.connection.isOpen) return;
    const entry = this.all.find(({ state }) => state === "waiting");
    if (!entry) return;
    const { conversation, client_id, content, reply_to, attachments = [] } = entry;
    const frame = { type: "user_message", conversation, client_id, message: content, reply_to: reply_to?.id, attachments: attachments.map(({ id }) => id) };
    if (!this.connection.send(frame)) return;
    this.#flying = { id: client_id, timer: setTimeout(() => this.#unanswered(client_id), ANSWER_MS) };
    this.#put({ ...entry, state: "sending", reason: null });
  }

  #unanswered(id) {
    this.#land();
    const entry = this.#entries.get(id);
    if (entry) this.#put({ ...entry, state: "failed", code: "unanswered", reason: "the server did not answer in 10 seconds" });
    this.pump();
  }

  #land() {
    clearTimeout(this.#flying?.timer);
    this.#flying = null;
  }

  #put(entry) {
    this.#entries.set(entry.client_id, entry);
    // A store that is full or closed keeps the message on the page alone.
    here.put("outbox", this.me.id, entry.client_id, { ...entry }).then(() => this.#askWorker(entry), () => {});
    this.#changed();
  }

  // The service worker sends what waits when the network is back and this page is gone.
  async #askWorker({ state }) {
    if (state !== "waiting" || this.connection.isOpen) return;
    const registration = await navigator.serviceWorker?.getRegistration();
    await registration?.sync?.register("lyceum-outbox").catch(() => {});
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("change"));
  }
}
