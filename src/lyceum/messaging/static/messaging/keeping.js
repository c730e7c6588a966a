// Keeps in this browser what is read without a network: the list, and the last messages of what was opened.
// Of conversations whose messages vanish nothing is kept but that they are there.
import "../lyceum/worker/here.js";

const MOST = 50;
const LATER_MS = 400;
const here = globalThis.lyceumHere;
const vanishes = ({ retention }) => retention === "ephemeral";
const bare = ({ ahead: _ahead, gap: _gap, ...c }) => (vanishes(c) ? { ...c, last_message: null } : c);

export class Keeping {
  #written = new Map();
  #later = 0;

  constructor(store) {
    this.store = store;
    this.me = store.me.id;
    store.addEventListener("change", ({ detail: kinds }) => (kinds.has("list") || kinds.has("thread")) && this.#soon());
    addEventListener("pagehide", () => this.#later && this.#write());
  }

  // Whether the list is the server's, and so worth keeping.
  isTrue = false;

  #soon() {
    if (!this.isTrue || "leaving" in document.documentElement.dataset) return;
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.#write(), LATER_MS);
  }

  async #write() {
    this.#later = 0;
    if ("leaving" in document.documentElement.dataset) return;
    const { conversations } = this.store;
    try {
      await this.#put("lists", "conversations", [...conversations.values()].map(bare));
      for (const [id, place] of this.store.windows) {
        const c = conversations.get(id);
        if (c && !vanishes(c) && !place.hasNewer) await this.#put("messages", id, this.store.rows(place).slice(-MOST));
      }
      for (const id of await here.ids("messages", this.me)) if (!conversations.has(id)) await this.forget(id);
    } catch {
      // A browser that lets nothing be stored shows nothing without a network.
    }
  }

  async #put(kind, id, value) {
    const text = JSON.stringify(value);
    if (this.#written.get(kind + id) === text) return;
    this.#written.set(kind + id, text);
    await here.put(kind, this.me, id, JSON.parse(text));
  }

  async forget(id) {
    this.#written.delete(`messages${id}`);
    await here.remove("messages", this.me, id).catch(() => {});
  }

  list() {
    return here.get("lists", this.me, "conversations").catch(() => null);
  }

  messages(id) {
    return here.get("messages", this.me, id).catch(() => null);
  }
}
