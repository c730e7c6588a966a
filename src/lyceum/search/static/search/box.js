// The box in the bar: / and Ctrl K focus it, what is found opens under it, arrows walk through it, Enter goes there.
import { lettersAreOn, takesLetters } from "../lyceum/js/keys.js";

const box = document.getElementById("find");
const found = document.getElementById("find-list");
const link = document.querySelector("[data-find]");
let active = null;

function options() {
  return [...found.querySelectorAll("[role=option]")];
}

function choose(option) {
  active?.setAttribute("aria-selected", "false");
  active = option ?? null;
  active?.setAttribute("aria-selected", "true");
  active?.scrollIntoView({ block: "nearest" });
  if (active) box.setAttribute("aria-activedescendant", active.id);
  else box.removeAttribute("aria-activedescendant");
}

function show(isShown) {
  const isOpen = isShown && found.childElementCount > 0 && box.value.trim() !== "";
  found.hidden = !isOpen;
  box.setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) choose(null);
}

function step(by) {
  const all = options();
  if (!all.length) return;
  show(true);
  const at = active ? all.indexOf(active) + by : by > 0 ? 0 : all.length - 1;
  choose(all[at] ?? null);
}

function focus() {
  if (box?.checkVisibility()) {
    box.focus();
    box.select();
  } else if (link) location.assign(link.href);
}

document.addEventListener("keydown", (event) => {
  const isCommand = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k";
  const isSlash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && lettersAreOn() && !takesLetters(event.target);
  if (!isCommand && !isSlash) return;
  if (document.querySelector("dialog[open]")) return;
  event.preventDefault();
  focus();
});

if (found) {
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && active) {
      event.preventDefault();
      location.assign(active.href);
    } else if (event.key === "Escape" && !found.hidden) {
      event.preventDefault();
      event.stopPropagation();
      show(false);
    }
  });
  box.addEventListener("focus", () => show(true));
  box.addEventListener("input", () => box.value.trim() || show(false));
  document.addEventListener("htmx:after:swap", () => {
    if (active && !active.isConnected) choose(null);
    if (document.activeElement === box) show(true);
  });
  // Going elsewhere closes it; a press on a result is on its way there.
  document.addEventListener("focusin", (event) => event.target.closest(".bar-search") || show(false));
  document.addEventListener("pointerdown", (event) => event.target.closest(".bar-search") || show(false));
}
