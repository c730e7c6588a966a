// A toast confirms an act and offers to undo it. It stays while the pointer or the focus is on it.
const SECONDS = 8;
const MOST = 3;

// Starts the clock of a toast that is in the page; who shows it may hear that it is gone.
export function adopt(box) {
  const cameFrom = document.activeElement;
  let timer;

  function close() {
    clearTimeout(timer);
    const held = box.contains(document.activeElement);
    box.remove();
    if (held && cameFrom?.isConnected) cameFrom.focus();
  }
  const stay = () => clearTimeout(timer);
  function leave() {
    stay();
    if (box.isConnected && !box.matches(":hover, :focus-within")) timer = setTimeout(close, SECONDS * 1000);
  }

  box.dataset.adopted = "";
  for (const old of [...document.querySelectorAll("#toasts > .toast")].slice(0, -MOST)) old.querySelector("[data-part=close]").click();
  box.querySelector("[data-part=close]").addEventListener("click", close);
  box.addEventListener("pointerenter", stay);
  box.addEventListener("focusin", stay);
  box.addEventListener("pointerleave", leave);
  box.addEventListener("focusout", () => setTimeout(leave));
  leave();
  return close;
}

export function toast(text, { undo, undoLabel } = {}) {
  const box = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  box.querySelector("[data-part=text]").textContent = text;
  const back = box.querySelector("[data-part=undo]");
  document.getElementById("toasts").append(box);
  const close = adopt(box);
  if (!undo) {
    back.remove();
    return close;
  }
  if (undoLabel) back.textContent = undoLabel;
  back.addEventListener("click", () => {
    close();
    undo();
  });
  return close;
}
