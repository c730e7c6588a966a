// Copies what a field holds, where the browser lets a page do so.
import { toast } from "../lyceum/js/shell.js";

function offer() {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(field.value);
  toast(button.dataset.told);
});
document.addEventListener("htmx:after:swap", offer);
offer();
