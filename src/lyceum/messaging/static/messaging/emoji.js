// The reactions that are offered, and the picker for any other.
import { $, el } from "./dom.js";

const OFFERED = [
  ["👍", "Agreed"], ["❤️", "Love"], ["😂", "Funny"], ["🎉", "Celebrate"], ["🙏", "Thanks"], ["👀", "Looking"],
  ["✅", "Done"], ["💡", "Idea"], ["👏", "Applause"], ["🔥", "Great"], ["🤔", "Thinking"], ["😮", "Surprised"],
  ["😢", "Sad"], ["🙌", "Hooray"], ["💯", "Exactly"], ["➕", "Me too"], ["❓", "Question"], ["👎", "Disagreed"],
  ["☕", "Coffee"], ["🌱", "Growing"], ["🧭", "On the way"], ["📌", "Important"], ["⏳", "Later"], ["👋", "Hello"],
];
const NAMES = new Map(OFFERED);
const COLUMNS = 6;

export const nameOfEmoji = (emoji) => NAMES.get(emoji) ?? emoji;

// Opens at a button and answers with the emoji that was chosen.
export class Picker {
  #choose = null;

  constructor() {
    this.box = $("picker");
    this.grid = $("picker-grid");
    this.field = $("picker-any");
    this.grid.append(
      ...OFFERED.map(([emoji, name], index) =>
        el("button", { type: "button", "data-emoji": emoji, "aria-label": name, title: name, tabindex: index ? "-1" : "0" }, emoji),
      ),
    );
    this.grid.addEventListener("click", (event) => this.#take(event.target.closest("[data-emoji]")?.dataset.emoji));
    this.grid.addEventListener("keydown", (event) => this.#move(event));
    $("picker-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#take(this.field.value.trim());
    });
    this.box.addEventListener("toggle", ({ newState }) => {
      if (newState === "closed") this.#choose = null;
    });
  }

  open(source, choose) {
    this.#choose = choose;
    this.field.value = "";
    this.box.showPopover({ source });
    this.grid.querySelector("[tabindex='0']").focus();
  }

  #take(emoji) {
    if (!emoji) return;
    const choose = this.#choose;
    this.box.hidePopover();
    choose?.(emoji);
  }

  #move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (!step) return;
    const buttons = [...this.grid.children];
    const at = buttons.indexOf(document.activeElement);
    const next = buttons[at + step];
    if (!next) return;
    event.preventDefault();
    buttons[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}
