// How the connection stands: the word in the bar, and the strip under it.
import { $, el, icon } from "./dom.js";
import { showUnread } from "./unread.js";
import { counted } from "./words.js";

const PATIENCE_MS = 800;
const BACK_MS = 5000;

export class Status {
  #later = 0;
  #wasShown = false;

  constructor(outbox) {
    this.outbox = outbox;
    this.live = $("live");
    this.live.dataset.owner = "talk";
    this.live.hidden = false;
    this.live.removeAttribute("role");
    this.#word("offline", "Connecting");
    outbox.addEventListener("change", () => {
      if (this.#wasShown) this.#offline();
      this.#complete();
    });
  }

  state(state) {
    clearTimeout(this.#later);
    if (state === "live") this.#online();
    else {
      this.#word("offline", "Offline");
      this.#later = setTimeout(() => this.#offline(), PATIENCE_MS);
    }
  }

  stop(words, verb) {
    clearTimeout(this.#later);
    const again = el("a", { class: "button button-small", href: location.href }, verb);
    this.#strip("triangle-alert", words, "", again);
  }

  #word(state, text) {
    this.live.dataset.state = state;
    this.live.textContent = text;
  }

  #offline() {
    this.#wasShown = true;
    const waiting = this.outbox.all.length;
    const kept = waiting ? `${counted(waiting, "message waits", "messages wait")} here and ${waiting === 1 ? "is" : "are"} sent when it is back.` : "You can go on writing: it is kept here and sent when the connection is back.";
    $("strip").setAttribute("aria-live", waiting ? "assertive" : "polite");
    this.#strip("wifi-off", "No connection.", kept);
  }

  // A page that the service worker gave without a network has no account in its bar: with the network it comes whole.
  #complete() {
    if (this.live.dataset.state === "live" && !$("account-open") && !this.outbox.all.length) location.reload();
  }

  #online() {
    this.#word("live", "Live");
    this.#complete();
    if (!this.#wasShown) return;
    this.#wasShown = false;
    $("strip").setAttribute("aria-live", "polite");
    const failed = this.outbox.all.filter(({ state }) => state === "failed").length;
    this.#strip("check", "Back online.", failed ? `${counted(failed, "message was", "messages were")} not sent. Everything you missed is here.` : "Everything you missed is here.");
    this.#later = setTimeout(() => ($("strip").hidden = true), BACK_MS);
  }

  #strip(sign, head, words, ...more) {
    const strip = $("strip");
    const text = `${head}${words}`;
    if (strip.dataset.text !== text) strip.replaceChildren(icon(sign), el("span", {}, el("strong", {}, head), " ", words), ...more);
    strip.dataset.text = text;
    strip.hidden = false;
  }

  unread(total, name) {
    showUnread(total, `${name ?? "Talk"} · Lyceum`);
  }
}
