// One's passkeys: a new one is made by the device, and shown at once with its name to be changed.
import { toast } from "../lyceum/js/shell.js";
import * as webauthn from "./webauthn.js";

function offer() {
  const box = document.getElementById("passkey-add");
  if (box) box.hidden = !webauthn.isHere();
}

function tell(words) {
  const error = document.querySelector("#passkey-add [data-part=error]");
  error.hidden = !words;
  error.lastElementChild.textContent = words;
}

async function show(id) {
  const answer = await fetch(document.getElementById("passkeys").dataset.address, { headers: { "HX-Request": "true", Accept: "text/html" } });
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  document.getElementById("passkeys").replaceWith(fresh.content);
  window.htmx.process(document.getElementById("passkeys"));
  offer();
  document.querySelector(`#passkey-${id} input[name=name]`).select();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("#passkey-add button");
  if (!button) return;
  tell("");
  button.setAttribute("aria-busy", "true");
  try {
    const made = await webauthn.add();
    await show(made.id);
    toast("The passkey is added. Give it a name that you know it by.");
  } catch (error) {
    tell(webauthn.words(error));
  } finally {
    button.removeAttribute("aria-busy");
  }
});
document.addEventListener("htmx:after:swap", offer);
offer();
