// Asks before an act that cannot be undone: the consequence, two verbs, and the focus on the safe one.
export function ask({ title, text, verb, danger = false }) {
  const dialog = document.getElementById("ask-template").content.firstElementChild.cloneNode(true);
  dialog.querySelector("[data-part=title]").textContent = title;
  dialog.querySelector("[data-part=text]").textContent = text;
  const act = dialog.querySelector("[data-part=act]");
  act.textContent = verb;
  act.classList.add(danger ? "button-danger" : "button-primary");
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "act");
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close("");
    });
    dialog.showModal();
  });
}
