// One connection for everything: it comes back by itself, and asks for what it missed.
const WATCH_MS = 40_000;

export class Socket extends EventTarget {
  #socket = null;
  #tries = 0;
  #watch = 0;
  #since = null;

  constructor(sequences) {
    super();
    this.sequences = sequences;
    addEventListener("online", () => this.open());
    addEventListener("offline", () => this.#socket?.close());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    if (this.#socket && this.#socket.readyState <= WebSocket.OPEN) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/`, ["lyceum.v1"]);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data)));
    socket.addEventListener("close", ({ code }) => {
      clearTimeout(this.#watch);
      this.#tell("state", "offline");
      if (code === 4401 && "leaving" in document.documentElement.dataset) return;
      if (code === 4401) return location.assign(`/sign-in/?next=${encodeURIComponent(location.pathname)}`);
      const wait = Math.min(15_000, 500 * 2 ** this.#tries++) * (0.5 + Math.random());
      setTimeout(() => this.open(), wait);
    });
  }

  send(frame) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #take(frame) {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#socket.close(), WATCH_MS);
    if (frame.type === "connection_established") {
      this.#tries = 0;
      const held = Object.fromEntries(this.sequences());
      if (Object.keys(held).length) this.send({ type: "resume", sequences: held, since: this.#since ?? undefined });
      this.#tell("state", "live");
    }
    this.#since = frame.timestamp;
    this.#tell("frame", frame);
  }
}
