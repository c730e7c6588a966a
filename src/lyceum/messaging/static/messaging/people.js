// Looking people up in the directory: type, move with the arrows, take with Enter.
import { call } from "../lyceum/js/api.js";
import { paint } from "../lyceum/js/avatar.js";
import { el, icon } from "./dom.js";
import { problemText } from "./words.js";

const PAUSE_MS = 150;
const MOST = 8;

export class PeopleSearch {
  #found = [];
  #at = -1;
  #later = 0;
  #words = "";

  // `taken(id)` says whether a person is chosen already; `take(person)` chooses or lets go.
  constructor(field, box, { exclude, taken, take }) {
    Object.assign(this, { field, box, exclude, taken, take });
    field.addEventListener("input", () => {
      clearTimeout(this.#later);
      this.#later = setTimeout(() => this.look(), PAUSE_MS);
    });
    field.addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(Number(option.dataset.at));
    });
  }

  async look() {
    const words = this.field.value.trim();
    try {
      const page = await call("GET", `users/list/?page_size=20&q=${encodeURIComponent(words)}`);
      if (words !== this.field.value.trim()) return;
      this.#found = page.results.filter(({ id }) => !this.exclude(id)).slice(0, MOST);
      this.#words = words;
      this.#at = words && this.#found.length ? 0 : -1;
      this.draw(words ? `Nobody is called “${words}”.` : "There is nobody else here yet.");
    } catch (error) {
      this.#found = [];
      this.draw(problemText(error));
    }
  }

  draw(nothing = "") {
    this.box.replaceChildren(...this.#found.map((person, index) => this.#option(person, index)));
    const none = this.box.nextElementSibling;
    none.hidden = this.#found.length > 0;
    none.textContent = nothing;
    this.field.setAttribute("aria-expanded", String(this.#found.length > 0));
    if (this.#at >= 0) this.field.setAttribute("aria-activedescendant", `${this.box.id}-${this.#at}`);
    else this.field.removeAttribute("aria-activedescendant");
  }

  #option(person, index) {
    const avatar = el("span", { class: "avatar", "aria-hidden": "true", "data-presence": person.presence?.state ?? person.presence });
    paint(avatar, person);
    const isTaken = this.taken(person.id);
    const attributes = { class: index === this.#at ? "row row-at" : "row", role: "option", id: `${this.box.id}-${index}`, "data-at": index, "aria-selected": String(isTaken) };
    return el("li", attributes, avatar, el("span", { class: "clip" }, person.name), isTaken && el("span", { class: "row-side" }, icon("check")));
  }

  #choose(index) {
    const person = this.#found[index];
    if (!person) return;
    this.#at = index;
    this.take(person);
    this.draw();
  }

  #key(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves && this.#found.length) {
      this.#at = (this.#at + moves[event.key] + this.#found.length) % this.#found.length;
      this.draw();
      this.box.children[this.#at].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && this.#words !== this.field.value.trim()) this.#takeFirst();
    else if (event.key === "Enter" && this.#at >= 0) this.#choose(this.#at);
    else return;
    event.preventDefault();
  }

  // Who types a name and Enter at once means the first that is found by it.
  async #takeFirst() {
    clearTimeout(this.#later);
    await this.look();
    this.#choose(this.#at);
  }
}
