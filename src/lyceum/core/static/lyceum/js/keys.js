// The map of keys: `?` opens it, G and a letter goes to a section. Letters can be switched off.
import { remember } from "./theme.js";

const root = document.documentElement;
const map = document.getElementById("keys");
let wentG = 0;

export function lettersAreOn() {
  return root.dataset.keys !== "off";
}

// A field takes letters itself, and so does whatever floats over the page.
export function takesLetters(element) {
  return element.closest("input, textarea, select, [contenteditable], dialog") !== null;
}

function show() {
  document.querySelector("[popover]:popover-open")?.hidePopover();
  if (!map.open) map.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || takesLetters(event.target) || !lettersAreOn()) return;
  if (event.key === "?") {
    event.preventDefault();
    show();
  } else if (event.key === "g") {
    wentG = event.timeStamp;
  } else if (event.timeStamp - wentG < 1500) {
    wentG = 0;
    const section = document.querySelector(`[data-go="${CSS.escape(event.key.toLowerCase())}"]`);
    if (section) {
      event.preventDefault();
      location.assign(section.href);
    }
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-act=keys]")) show();
  if (event.target === map) map.close();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-keys-switch]")) return;
  event.preventDefault();
  const choice = event.submitter?.value === "off" ? "off" : "on";
  remember("keys", choice === "off" ? "off" : "");
  root.dataset.keys = choice;
  for (const button of document.querySelectorAll("[data-keys-switch] button")) {
    button.setAttribute("aria-pressed", String(button.value === choice));
  }
});
