// A toast confirms an act and offers to undo it. It stays while the pointer or the focus is on it.
const SECONDS = 8;

export function toast(text, { undo, undoLabel } = {}) {
  const box = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  box.querySelector("[data-part=text]").textContent = text;
  const back = box.querySelector("[data-part=undo]");
  if (undo) {
    back.textContent = undoLabel || back.textContent;
    back.addEventListener("click", () => {
      close();
      undo();
    });
  } else {
    back.remove();
  }
  box.querySelector("[data-part=close]").addEventListener("click", close);

  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(close, SECONDS * 1000);
  };
  const stay = () => clearTimeout(timer);
  const leave = () => {
    if (!box.matches(":hover, :focus-within")) wait();
  };
  box.addEventListener("pointerenter", stay);
  box.addEventListener("focusin", stay);
  box.addEventListener("pointerleave", leave);
  box.addEventListener("focusout", () => setTimeout(leave));

  const cameFrom = document.activeElement;
  function close() {
    clearTimeout(timer);
    const held = box.contains(document.activeElement);
    box.remove();
    if (held && cameFrom?.isConnected) cameFrom.focus();
  }

  document.getElementById("toasts").append(box);
  wait();
  return close;
}
