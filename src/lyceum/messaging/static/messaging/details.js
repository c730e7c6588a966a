// Details of a conversation: people and roles, name, history, notifications, and how one leaves it.
import { call } from "../lyceum/js/api.js";
import { ask } from "../lyceum/js/ask.js";
import { paint } from "../lyceum/js/avatar.js";
import { toast } from "../lyceum/js/toast.js";
import { $, el, icon, reconcile } from "./dom.js";
import { keptWords } from "./kept.js";
import { PeopleSearch } from "./people.js";
import { counted, firstName, problemText, when } from "./words.js";

const STATES = { online: "here now", away: "away", offline: "" };

export class Details {
  #menuFor = null;

  constructor(store, { current, open, close }) {
    Object.assign(this, { store, current, open, close });
    this.search = new PeopleSearch($("add-search"), $("add-rows"), {
      exclude: (id) => this.c?.participants.some((p) => p.id === id) ?? false,
      taken: () => false,
      take: (person) => this.#add(person),
    });
    $("add-open").addEventListener("click", () => this.#openAdd());
    $("add-close").addEventListener("click", () => $("add-dialog").close());
    $("rename-form").addEventListener("submit", (event) => this.#rename(event));
    for (const field of document.querySelectorAll("[name=notifications]")) {
      field.addEventListener("change", () => this.#patch({ notifications: field.value }, "Notifications are set."));
    }
    $("history-all").addEventListener("change", ({ target }) => this.#patch({ history: target.checked ? "all" : "joined" }, "Who joins from now on is shown accordingly."));
    $("details-people").addEventListener("click", (event) => this.#openMenu(event));
    $("member-menu").addEventListener("click", (event) => this.#member(event.target.closest("button")?.dataset.act));
    $("leave").addEventListener("click", () => this.#leave());
    $("hide").addEventListener("click", () => this.#hide());
    $("end").addEventListener("click", () => this.#end());
  }

  get c() {
    return this.store.conversations.get(this.current());
  }

  draw() {
    const { c } = this;
    $("details-body").hidden = !c;
    if (!c) return;
    const isGroup = c.kind === "group";
    const owns = this.store.owns(c);
    $("kept").textContent = keptWords(c);
    $("kept-vanish").hidden = c.retention !== "ephemeral";
    $("since").textContent = `Begun ${when(c.created_at)}.`;
    $("rename-form").hidden = !owns;
    if (document.activeElement !== $("rename")) $("rename").value = c.name ?? "";
    $("history-field").hidden = !isGroup;
    $("history-all").checked = c.history === "all";
    $("history-all").disabled = !owns;
    $("history-hint").textContent = owns ? "Otherwise they see what is written from then on." : "Owners of the group can change this.";
    for (const field of document.querySelectorAll("[name=notifications]")) field.checked = field.value === c.notifications;
    $("add-open").hidden = !owns;
    $("leave").hidden = !isGroup;
    $("end").hidden = !owns;
    $("hide").hidden = isGroup;
    $("people-count").textContent = String(c.participants.length);
    reconcile($("details-people"), this.#people(c).map((person) => this.#person(person, owns)));
  }

  #people(c) {
    const rank = (p) => (p.role === "owner" ? 0 : 2) + (this.#stateOf(p) === "offline" ? 1 : 0);
    return [...c.participants].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  }

  #stateOf(person) {
    return person.id === this.store.me.id ? "online" : this.store.stateOf(person.id);
  }

  #person(person, owns) {
    const state = this.#stateOf(person);
    const seen = this.store.presence.get(person.id)?.last_seen;
    const isMe = person.id === this.store.me.id;
    const about = [person.role === "owner" && "owner", isMe ? "you" : STATES[state] || (seen && `last here ${when(seen)}`)].filter(Boolean).join(", ");
    const draw = () => {
      const avatar = el("span", { class: "avatar", "data-presence": state, role: "img", "aria-label": `${person.name}, ${state}` });
      paint(avatar, person);
      const words = el("span", { class: "clip" }, person.name, about && el("span", { class: "tiny faint member-about" }, about));
      const label = `Change ${person.name}`;
      const more = el("button", { type: "button", class: "button button-quiet button-small button-icon end", "data-act": "member", "data-id": person.id, "aria-label": label, title: label }, icon("ellipsis"));
      return el("li", { class: "line nowrap" }, avatar, words, owns && !isMe && more);
    };
    return { key: person.id, state: JSON.stringify([person.name, person.avatar, about, state, owns]), draw };
  }

  #openMenu(event) {
    const button = event.target.closest("[data-act=member]");
    if (!button) return;
    const person = this.c.participants.find(({ id }) => id === button.dataset.id);
    this.#menuFor = person;
    const isOwner = person.role === "owner";
    $("member-role").textContent = isOwner ? "Make a plain member" : "Make an owner";
    $("member-remove").textContent = `Remove ${firstName(person.name)}`;
    $("member-menu").showPopover({ source: button });
    $("member-role").parentElement.focus();
  }

  async #member(act) {
    if (!act) return;
    const { c } = this;
    const person = this.#menuFor;
    const address = `chat/conversations/${c.id}/members/${person.id}/`;
    $("member-menu").hidePopover();
    if (act === "role") {
      const role = person.role === "owner" ? "member" : "owner";
      await this.#try(() => call("PATCH", address, { role }), `${person.name} is ${role === "owner" ? "an owner" : "a plain member"} now.`);
    } else if (act === "remove") {
      const text = "They get nothing more from this group, from this moment. What they wrote stays.";
      if (!(await ask({ title: `Remove ${person.name}?`, text, verb: `Remove ${firstName(person.name)}`, danger: true }))) return;
      const back = () => this.#try(() => call("POST", `chat/conversations/${c.id}/members/`, { user: person.id, role: person.role }));
      await this.#try(() => call("DELETE", address), `${person.name} was removed.`, { undo: back });
    }
  }

  #openAdd() {
    $("add-search").value = "";
    $("add-told").textContent = this.c.history === "all" ? "They will see the whole history." : "They will see what is written from now on.";
    $("add-dialog").showModal();
    this.search.look();
  }

  async #add(person) {
    await this.#try(async () => {
      await call("POST", `chat/conversations/${this.c.id}/members/`, { user: person.id });
      this.store.apply({ type: "member_added", conversation: this.c.id, user: { id: person.id, name: person.name, avatar: person.avatar, kind: "user" }, role: "member" });
      $("add-told").textContent = `${person.name} is in the group now.`;
      $("add-search").value = "";
      $("add-search").focus();
      await this.search.look();
    });
  }

  async #rename(event) {
    event.preventDefault();
    const name = $("rename").value.trim();
    if (!name || name === this.c.name) return;
    await this.#patch({ name }, "The group has a new name.");
  }

  async #patch(body, words) {
    const { c } = this;
    await this.#try(async () => {
      const fresh = await call("PATCH", `chat/conversations/${c.id}/`, body);
      Object.assign(c, { name: fresh.name, history: fresh.history, notifications: fresh.notifications, muted: fresh.muted });
    }, words);
    this.store.touch("people", "list", "thread");
    this.draw();
  }

  async #leave() {
    const { c } = this;
    const others = c.participants.filter((p) => p.id !== this.store.me.id);
    const heir = others.length && this.store.owns(c) && !others.some(({ role }) => role === "owner") ? " The member who has been here longest becomes the owner." : "";
    const text = `You will get nothing more from this group. What you wrote stays readable for the others.${heir}`;
    if (!(await ask({ title: `Leave ${c.name}?`, text, verb: "Leave the group", danger: true }))) return;
    await this.#try(async () => {
      this.close(c.id);
      await call("POST", `chat/conversations/${c.id}/leave/`);
      this.store.drop(c.id);
    }, `You left ${c.name}.`);
  }

  async #hide() {
    const { c } = this;
    const other = this.store.other(c);
    const back = () =>
      this.#try(async () => {
        this.store.keep(await call("POST", "chat/conversations/", { kind: "direct", participants: [other.id] }));
        await this.open(c.id);
      });
    await this.#try(async () => {
      await call("DELETE", `chat/conversations/${c.id}/`);
      this.close(c.id);
      this.store.drop(c.id);
    }, `The conversation with ${other.name} is hidden until the next message.`, { undo: back });
  }

  async #end() {
    const { c } = this;
    const many = c.participants.length;
    const whom = many > 2 ? `all ${many} people` : many === 2 ? "both of you" : "you, who are alone in it";
    const text = `It closes at once for ${whom}. You can restore it for 30 days, from the foot of the list.`;
    if (!(await ask({ title: `End ${c.name} for everyone?`, text, verb: "End for everyone", danger: true }))) return;
    const back = () =>
      this.#try(async () => {
        this.store.keep(await call("POST", `chat/conversations/${c.id}/restore/`));
        await this.open(c.id);
      });
    await this.#try(async () => {
      this.close(c.id);
      await call("DELETE", `chat/conversations/${c.id}/?for=everyone`);
      this.store.ended.set(c.id, { ...c, ended_at: new Date().toISOString() });
      this.store.drop(c.id);
    }, `${c.name} has ended for everyone.`, { undo: back, undoLabel: "Restore" });
  }

  async #try(act, words, options) {
    try {
      await act();
      if (words) toast(words, options);
    } catch (error) {
      toast(problemText(error));
    }
  }
}
