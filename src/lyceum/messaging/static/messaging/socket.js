// One connection for everything: it comes back by itself, asks for what it missed, and says how it stands.
const SILENCE_MS = 40_000; // a heartbeat comes every 15 s
const MOST_AT_ONCE = 500;
const LONGEST_WAIT_MS = 20_000;

export class Connection extends EventTarget {
  #socket = null;
  #tries = 0;
  #watch = 0;
  #again = 0;
  #since = null;
  #leaveAt = 0;
  #pause = 0;

  // `held()` gives `[conversation, sequence]` of all that the page has.
  constructor(held) {
    super();
    this.held = held;
    addEventListener("online", () => this.open());
    addEventListener("offline", () => this.#lose());
    document.addEventListener("visibilitychange", () => document.hidden || this.isOpen || this.open());
  }

  get isOpen() {
    return this.state === "live";
  }

  state = "offline";

  open() {
    if (this.#socket) return;
    clearTimeout(this.#again);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/`, ["lyceum.v1"]);
    this.#socket = socket;
    this.#expect(LONGEST_WAIT_MS);
    socket.addEventListener("message", ({ data }) => socket === this.#socket && this.#take(JSON.parse(data)));
    socket.addEventListener("close", ({ code }) => socket === this.#socket && this.#closed(code));
  }

  // Says whether the frame went out.
  send(frame) {
    if (!this.isOpen || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  resume(conversation, sequence) {
    this.send({ type: "resume", conversation, sequence, since: this.#since ?? undefined });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #stand(state) {
    if (state === this.state) return;
    this.state = state;
    this.#tell("state", state);
  }

  #expect(within) {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#lose(), within);
  }

  // Gives a connection up that may be dead; its close event can be minutes away.
  #lose() {
    const socket = this.#socket;
    if (!socket) return;
    this.#closed(1006);
    socket.close();
  }

  #closed(code) {
    clearTimeout(this.#watch);
    this.#socket = null;
    this.#stand("offline");
    if (code === 4401 && "leaving" in document.documentElement.dataset) return null;
    if (code === 4401) return this.#tell("signed-out");
    if (code === 4400) return this.#tell("outdated");
    if (code === 4403) this.#tell("changed");
    this.#again = setTimeout(() => this.open(), this.#wait(code));
    return null;
  }

  #wait(code) {
    const pause = this.#pause;
    this.#pause = 0;
    if (pause) return pause * (1 + Math.random() / 4);
    if (code === 1012) return Math.max(0, this.#leaveAt - Date.now()) || 1000 * Math.random();
    if (code === 4408) return 500 + 1000 * Math.random();
    if (code === 4429) return 10_000 + 5000 * Math.random();
    return Math.min(LONGEST_WAIT_MS, 500 * 2 ** this.#tries++) * (0.5 + Math.random());
  }

  #established(frame) {
    this.#tries = 0;
    this.#leaveAt = 0;
    this.#tell("frame", frame);
    this.#stand("live");
    const held = this.held();
    for (let at = 0; at < held.length; at += MOST_AT_ONCE) {
      const sequences = Object.fromEntries(held.slice(at, at + MOST_AT_ONCE));
      this.send({ type: "resume", sequences, since: this.#since ?? frame.timestamp });
    }
    this.#tell("resuming");
  }

  #take(frame) {
    this.#expect(SILENCE_MS);
    if (frame.type === "connection_established") this.#established(frame);
    else this.#tell("frame", frame);
    if (frame.type === "draining") {
      this.#leaveAt = Date.now() + frame.reconnect_in * 1000;
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#lose(), frame.reconnect_in * 1000);
    }
    if (frame.type === "error" && !this.isOpen) this.#pause = (frame.retry_after ?? 0) * 1000;
    this.#since = frame.timestamp ?? this.#since;
  }
}
