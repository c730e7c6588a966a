// The list of conversations. It re-orders only while neither the pointer nor the focus is on it.
import { call } from "../lyceum/js/api.js";
import { paint } from "../lyceum/js/avatar.js";
import { toast } from "../lyceum/js/toast.js";
import { draftOf } from "./composer.js";
import { $, el, icon, reconcile } from "./dom.js";
import { lineOf } from "./files.js";
import { firstName, fullTime, namesOf, problemText, when } from "./words.js";

const SECTIONS = ["group", "direct"];

export class List {
  isLoaded = false;
  #order = new Map(); // section → ids as they stand
  #hovered = false;

  constructor(store, outbox, { open, current }) {
    Object.assign(this, { store, outbox, open, current });
    this.pane = $("conversations");
    this.filter = $("filter");
    this.filter.addEventListener("input", () => this.draw());
    this.filter.addEventListener("keydown", (event) => this.#filterKey(event));
    this.pane.addEventListener("click", (event) => this.#click(event));
    this.pane.addEventListener("pointerenter", ({ pointerType }) => (this.#hovered = pointerType === "mouse"));
    this.pane.addEventListener("pointerleave", () => {
      this.#hovered = false;
      this.draw();
    });
    this.pane.addEventListener("focusout", () => setTimeout(() => this.draw()));
    setInterval(() => this.draw(), 60_000);
  }

  // Those that are shown, from the top.
  get shown() {
    return [...this.pane.querySelectorAll("a.row")];
  }

  step(by) {
    const rows = this.shown;
    const focused = rows.indexOf(document.activeElement);
    const at = focused >= 0 ? focused : rows.findIndex((row) => row.dataset.id === this.current());
    rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
  }

  // The next conversation with unread messages, round the end.
  stepUnread(by) {
    const ids = this.shown.map((row) => row.dataset.id);
    const at = ids.indexOf(this.current());
    for (let n = 1; n <= ids.length; n += 1) {
      const id = ids[(at + by * n + ids.length * 2) % ids.length];
      if (id !== this.current() && this.store.conversations.get(id)?.unread_count) return this.open(id);
    }
    return null;
  }

  draw() {
    const words = this.filter.value.trim().toLocaleLowerCase();
    const fits = (c) => !words || [this.store.nameOf(c), ...c.participants.map(({ name }) => name)].some((name) => name.toLocaleLowerCase().includes(words));
    const all = [...this.store.conversations.values()];
    let count = 0;
    for (const kind of SECTIONS) {
      const rows = this.#sorted(kind, all.filter((c) => c.kind === kind)).filter(fits);
      count += rows.length;
      $(`rows-${kind}`).parentElement.hidden = !rows.length;
      reconcile($(`rows-${kind}`), rows.map((c) => this.#item(c)));
    }
    $("list-none").hidden = count > 0 || !all.length;
    $("list-empty").hidden = all.length > 0 || !this.isLoaded;
    this.#drawEnded();
  }

  #sorted(kind, rows) {
    const held = this.#hovered || (this.pane.contains(document.activeElement) && document.activeElement !== this.filter);
    rows.sort((a, b) => b.updated_at.localeCompare(a.updated_at));
    const before = this.#order.get(kind) ?? [];
    if (held && before.length) {
      const place = new Map(before.map((id, index) => [id, index]));
      rows.sort((a, b) => (place.get(a.id) ?? before.length) - (place.get(b.id) ?? before.length));
    }
    this.#order.set(kind, rows.map(({ id }) => id));
    return rows;
  }

  #item(c) {
    const { me } = this.store;
    const other = c.kind === "direct" ? this.store.other(c) : null;
    const state = other ? this.store.stateOf(other.id) : null;
    const view = {
      name: this.store.nameOf(c),
      avatar: other?.avatar ?? null,
      presence: state,
      line: this.#line(c, me),
      at: c.last_message?.timestamp ?? c.updated_at,
      time: when(c.last_message?.timestamp ?? c.updated_at),
      unread: c.unread_count,
      mentioned: c.mentioned || (Boolean(other) && !c.muted),
      muted: c.muted,
      isCurrent: c.id === this.current(),
      face: other?.id ?? c.id,
    };
    return { key: c.id, state: JSON.stringify(view), draw: () => this.#row(c.id, view) };
  }

  #line(c, me) {
    const writers = this.store.typists(c.id).map((id) => c.participants.find((p) => p.id === id)).filter(Boolean);
    if (writers.length) return ["writing", `${namesOf(writers.map(({ name }) => firstName(name)))} ${writers.length > 1 ? "are" : "is"} writing`];
    const draft = c.id === this.current() ? "" : draftOf(c.id);
    if (draft) return ["draft", draft];
    const waiting = this.outbox.of(c.id).at(-1);
    if (waiting) return [waiting.state === "failed" ? "failed" : "waiting", lineOf(waiting)];
    const last = c.last_message;
    if (!last) return ["none", "No messages yet"];
    const text = last.deleted ? "Message removed" : lineOf(last);
    const who = last.sender.id === me.id ? "You" : c.kind === "group" ? firstName(last.sender.name) : "";
    return ["text", who ? `${who}: ${text}` : text];
  }

  #row(id, view) {
    const avatar = el("span", { class: "avatar", "aria-hidden": "true", "data-presence": view.presence });
    paint(avatar, { id: view.face, name: view.name, avatar: view.avatar });
    const [kind, text] = view.line;
    const sign = { draft: "pencil", failed: "circle-alert", waiting: "clock" }[kind];
    const prefix = { draft: "Draft: ", failed: "Not sent: " }[kind];
    const line = el("small", { class: `clip row-${kind}` }, sign && icon(sign), prefix && el("span", { class: "row-sign" }, prefix), text);
    const name = el(view.unread ? "strong" : "span", { class: "clip row-name" }, view.name);
    const words = el("span", { class: "clip" }, name, view.presence && view.presence !== "offline" && el("span", { class: "sr" }, `, ${view.presence}`), line);
    const side = el("span", { class: "row-side" }, el("time", { datetime: view.at, title: fullTime(view.at) }, view.time));
    const marks = el("span", { class: "row-marks" });
    if (view.muted) marks.append(icon("bell-off"), el("span", { class: "sr" }, ", muted"));
    if (view.unread) {
      const count = el("span", { class: view.mentioned && !view.muted ? "count" : "count count-quiet" });
      if (view.mentioned && !view.muted && view.face === id) count.append(el("span", { "aria-hidden": "true" }, "@"), el("span", { class: "sr" }, ", you are mentioned, "));
      count.append(view.unread > 99 ? "99+" : String(view.unread), el("span", { class: "sr" }, " unread"));
      marks.append(count);
    }
    if (marks.children.length) side.append(marks);
    const link = el("a", { class: "row", href: `/talk/${id}/`, "data-id": id, "data-link": id, "aria-current": view.isCurrent && "true" }, avatar, words, side);
    return el("li", {}, link);
  }

  #drawEnded() {
    const rows = [...this.store.ended.values()];
    $("ended").hidden = !rows.length;
    $("ended-count").textContent = String(rows.length);
    reconcile($("rows-ended"), rows.map((c) => ({ key: c.id, state: c.ended_at, draw: () => this.#endedRow(c) })));
  }

  #endedRow(c) {
    const until = new Date(new Date(c.ended_at).getTime() + 30 * 86_400_000).toISOString();
    const avatar = el("span", { class: "avatar", "aria-hidden": "true" });
    paint(avatar, { id: c.id, name: c.name });
    const words = el("span", { class: "clip" }, el("span", { class: "clip row-name" }, c.name), el("small", { class: "clip" }, `Can be restored until ${when(until)}`));
    const restore = el("button", { type: "button", class: "button button-small", "data-act": "restore", "data-id": c.id, "aria-label": `Restore ${c.name}` }, "Restore");
    return el("li", {}, el("div", { class: "row" }, avatar, words, restore));
  }

  #click(event) {
    const button = event.target.closest("[data-act=restore]");
    if (button) return this.restore(button.dataset.id);
    const link = event.target.closest("a.row");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return null;
    event.preventDefault();
    return this.open(link.dataset.id);
  }

  async restore(id) {
    try {
      this.store.keep(await call("POST", `chat/conversations/${id}/restore/`));
      await this.open(id);
      toast(`${this.store.conversations.get(id).name} is back for everyone.`);
    } catch (error) {
      toast(problemText(error));
    }
  }

  #filterKey(event) {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      this.shown[0]?.focus();
    } else if (event.key === "Enter" && this.shown[0]) {
      event.preventDefault();
      this.open(this.shown[0].dataset.id);
      this.filter.value = "";
      this.draw();
    } else if (event.key === "Escape" && this.filter.value) {
      event.stopPropagation();
      this.filter.value = "";
      this.draw();
    }
  }
}
