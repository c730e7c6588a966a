// The keyboard of Talk. Letters work outside fields, and not at all when they were switched off.
import { $ } from "./dom.js";
import { lettersOff } from "./words.js";

const takesText = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
const floats = () => document.querySelector("dialog[open], .menu:popover-open") !== null;

// `page`: thread, list, side, composer, toolsAt(article), back()
export function listen(page) {
  document.addEventListener("keydown", (event) => {
    if (floats() || event.defaultPrevented) return;
    if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      page.list.stepUnread(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") escape(page, event);
    else if (!event.ctrlKey && !event.metaKey && !event.altKey && !takesText(event.target)) outside(page, event);
  });
}

function outside(page, event) {
  const article = event.target.closest?.("article");
  const inThread = article || $("scroll").contains(event.target);
  const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (arrow && event.target === article) {
    event.preventDefault();
    walk(page, article, arrow);
  } else if (arrow && event.target.matches("a.row")) {
    event.preventDefault();
    page.list.step(arrow);
  } else if ((event.key === "Enter" && event.target === article) || (event.key === "F2" && article)) {
    event.preventDefault();
    page.toolsAt(article).attach(article);
    article.querySelector(".message-tools button, .message-state button")?.focus();
  } else if (!lettersOff()) letter(page, event, article, inThread);
}

function walk(page, article, by) {
  if ($("messages").contains(article)) page.thread.step(by);
  else {
    const all = [...$("thread-messages").querySelectorAll("article")];
    all[all.indexOf(article) + by]?.focus();
  }
}

function letter(page, event, article, inThread) {
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") {
    event.preventDefault();
    const by = key === "j" ? 1 : -1;
    if ($("conversations").contains(event.target) || (!inThread && !page.thread.id)) page.list.step(by);
    else if (article) walk(page, article, by);
    else page.thread.step(by);
  } else if (article && (key === "r" || key === "e")) {
    event.preventDefault();
    page.toolsAt(article).act(key === "r" ? "reply" : "react", article);
  }
}

// The topmost thing closes, and the focus goes back to where one writes.
function escape(page, event) {
  const { side, composer } = page;
  if (side.shows && (side.isSheet || side.shows === "thread" || $("details").contains(event.target))) side.close();
  else if (composer.isBusy) composer.drop();
  else if ($("scroll").contains(event.target)) composer.field.focus();
  else if (event.target === composer.field) page.thread.step(0);
  else if ($("conversations").contains(event.target) && page.thread.id) composer.field.focus();
  else return;
  event.preventDefault();
}
