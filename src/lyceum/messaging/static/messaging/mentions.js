// Names in a text: `@First Last`, or `@First` where only one member has that first name, as the server finds them.
import { paint } from "../lyceum/js/avatar.js";
import { el, reconcile } from "./dom.js";
import { firstName } from "./words.js";

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const folded = (text) => text.toLocaleLowerCase();
const MOST = 6;

function namesOf(people) {
  const names = new Map(people.map((person) => [folded(person.name), person.id]));
  for (const person of people) {
    const first = firstName(person.name);
    if (people.filter((other) => folded(firstName(other.name)) === folded(first)).length === 1) names.set(folded(first), person.id);
  }
  return names;
}

// Returns what appends a plain text with its mentions marked.
export function marker(people, me) {
  const names = namesOf(people);
  if (!names.size) return undefined;
  const longestFirst = [...names.keys()].sort((a, b) => b.length - a.length).map(escaped);
  const shape = new RegExp(`(?<![\\p{L}\\p{N}_@])@(${longestFirst.join("|")})(?![\\p{L}\\p{N}_])`, "giu");
  return (text, parent) => {
    let at = 0;
    for (const match of text.matchAll(shape)) {
      const isMe = names.get(folded(match[1])) === me.id;
      parent.append(text.slice(at, match.index), el("strong", { class: isMe ? "mention mention-me" : "mention" }, match[0]));
      at = match.index + match[0].length;
    }
    parent.append(text.slice(at));
  };
}

const ASKED = /(?:^|[\s(])@([\p{L}\p{M}'’-]{0,30}(?: [\p{L}\p{M}'’-]{0,30})?)$/u;

// Completes names while one types: arrows choose, Enter or Tab takes, Esc leaves.
export class Completion {
  #found = [];
  #at = 0;
  #dropped = "";

  constructor(field, people) {
    this.field = field;
    this.people = people;
    this.box = el("ul", { class: "menu complete", role: "listbox", id: `${field.id}-names`, "aria-label": "People to mention", hidden: true });
    field.closest("form").append(this.box);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.box.id);
    field.addEventListener("input", () => this.#look());
    field.addEventListener("click", () => this.#look());
    field.addEventListener("blur", () => this.close());
    this.box.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) this.#take(this.#found[Number(option.dataset.at)]);
    });
  }

  get isOpen() {
    return !this.box.hidden;
  }

  close() {
    this.box.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
  }

  // Starts a mention where the caret is.
  begin() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    this.field.focus();
    this.field.setRangeText(/(^|\s)$/.test(before) ? "@" : " @", this.field.selectionStart, this.field.selectionEnd, "end");
    this.field.dispatchEvent(new Event("input"));
  }

  // Says whether the key was its own.
  key(event) {
    if (!this.isOpen) return false;
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) {
      this.#at = (this.#at + moves[event.key] + this.#found.length) % this.#found.length;
      this.#draw();
    } else if (event.key === "Enter" || event.key === "Tab") this.#take(this.#found[this.#at]);
    else if (event.key === "Escape") {
      this.#dropped = this.#asked();
      this.close();
    } else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #asked() {
    return this.field.value.slice(0, this.field.selectionStart).match(ASKED)?.[1] ?? null;
  }

  #look() {
    const asked = this.#asked();
    if (asked !== this.#dropped) this.#dropped = "";
    const words = folded(asked ?? "");
    const fits = ({ name }) => folded(name).startsWith(words) || folded(name).split(" ").some((word) => word.startsWith(words));
    this.#found = asked === null || (this.#dropped && asked === this.#dropped) ? [] : this.people().filter(fits).slice(0, MOST);
    if (this.#found.length === 1 && folded(this.#found[0].name) === words) this.#found = [];
    this.#at = 0;
    if (this.#found.length) this.#draw();
    else this.close();
  }

  #draw() {
    reconcile(
      this.box,
      this.#found.map((person, index) => ({ key: person.id, state: `${index}${index === this.#at}`, draw: () => this.#option(person, index) })),
    );
    this.box.hidden = false;
    this.field.setAttribute("aria-activedescendant", `${this.field.id}-name-${this.#at}`);
  }

  #option(person, index) {
    const avatar = el("span", { class: "avatar avatar-small", "aria-hidden": "true" });
    paint(avatar, person);
    const attributes = { role: "option", id: `${this.field.id}-name-${index}`, "data-at": index, "aria-selected": String(index === this.#at) };
    return el("li", attributes, avatar, el("span", { class: "clip" }, person.name));
  }

  #take(person) {
    const end = this.field.selectionStart;
    const start = end - this.#asked().length - 1;
    this.field.setRangeText(`@${person.name} `, start, end, "end");
    this.close();
    this.field.dispatchEvent(new Event("input"));
  }
}
