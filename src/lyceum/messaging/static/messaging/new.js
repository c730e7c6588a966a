// The dialog for a new conversation: who, what it is called, and how long its messages stay.
import { call } from "../lyceum/js/api.js";
import { paint } from "../lyceum/js/avatar.js";
import { $, el, icon } from "./dom.js";
import { PeopleSearch } from "./people.js";
import { firstName, namesOf, problemText } from "./words.js";

export class NewConversation {
  #chosen = new Map();

  constructor(store, { open }) {
    Object.assign(this, { store, open });
    this.dialog = $("new-dialog");
    this.search = new PeopleSearch($("people-search"), $("people-rows"), {
      exclude: (id) => id === store.me.id,
      taken: (id) => this.#chosen.has(id),
      take: (person) => this.#toggle(person),
    });
    for (const button of document.querySelectorAll("[data-act=new]")) button.addEventListener("click", () => this.show());
    $("new-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#create();
    });
    $("new-cancel").addEventListener("click", () => this.dialog.close());
    $("new-group").addEventListener("change", () => this.#draw());
    $("chosen").addEventListener("click", (event) => {
      const chip = event.target.closest("[data-id]");
      if (!chip) return;
      this.#toggle(this.#chosen.get(chip.dataset.id));
      this.search.draw();
      $("people-search").focus();
    });
    $("people-search").addEventListener("keydown", ({ key, target }) => {
      if (key === "Backspace" && !target.value && this.#chosen.size) {
        this.#toggle([...this.#chosen.values()].at(-1));
        this.search.draw();
      }
    });
  }

  show() {
    this.#chosen.clear();
    $("new-form").reset();
    this.#draw();
    this.#tell("");
    this.dialog.showModal();
    $("people-search").focus();
    this.search.look();
  }

  #toggle(person) {
    if (!this.#chosen.delete(person.id)) this.#chosen.set(person.id, person);
    $("people-search").select();
    this.#tell("");
    this.#draw();
  }

  get isGroup() {
    return this.#chosen.size > 1 || $("new-group").checked;
  }

  #draw() {
    $("chosen").replaceChildren(
      ...[...this.#chosen.values()].map((person) => {
        const face = el("span", { class: "avatar avatar-small", "aria-hidden": "true" });
        paint(face, person);
        const chip = el("button", { type: "button", class: "chip chip-on", "data-id": person.id }, face, person.name, el("span", { class: "sr" }, ", leave out"), icon("x"));
        return el("li", {}, chip);
      }),
    );
    $("chosen").hidden = !this.#chosen.size;
    $("new-group").disabled = this.#chosen.size > 1;
    if (this.#chosen.size > 1) $("new-group").checked = true;
    $("group-fields").hidden = !this.isGroup;
    $("group-name").placeholder = namesOf([...this.#chosen.values()].map(({ name }) => firstName(name))).slice(0, 100);
  }

  #tell(problem) {
    $("new-problem").hidden = !problem;
    $("new-problem-words").textContent = problem;
  }

  async #create() {
    if (!this.#chosen.size && !this.isGroup) {
      this.#tell("Choose who to talk with.");
      return $("people-search").focus();
    }
    const form = new FormData($("new-form"));
    const body = { kind: this.isGroup ? "group" : "direct", participants: [...this.#chosen.keys()], retention: form.get("retention") };
    if (this.isGroup) {
      body.name = $("group-name").value.trim() || $("group-name").placeholder;
      body.history = form.get("history");
      if (!body.name) {
        this.#tell("Give the group a name.");
        return $("group-name").focus();
      }
    }
    $("new-create").setAttribute("aria-busy", "true");
    try {
      const made = await call("POST", "chat/conversations/", body);
      this.store.keep(made);
      this.dialog.close();
      await this.open(made.id);
    } catch (error) {
      this.#tell(problemText(error));
    } finally {
      $("new-create").removeAttribute("aria-busy");
    }
    return null;
  }
}
