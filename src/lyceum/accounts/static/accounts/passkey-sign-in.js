// Signing in and confirming with a passkey: by its button, and where the browser can, from the list at the e-mail field.
import * as webauthn from "./webauthn.js";

// Before the challenge that waits behind the field is too old.
const RENEW_SECONDS = 240;
let behind;

function tell(box, words) {
  const error = box.querySelector("[data-part=error]");
  error.hidden = !words;
  error.lastElementChild.textContent = words;
}

async function enter(box, options) {
  tell(box, "");
  try {
    await webauthn.enter(box.dataset.passkey, options);
    location.assign(box.dataset.goal);
  } catch (error) {
    // What nobody asked for fails in silence.
    if (!options.mediation || error.code === "passkey_refused") tell(box, webauthn.words(error));
    return false;
  }
  return true;
}

// The browser shows passkeys among what it fills in; the promise waits until one is chosen.
async function offerAtField(box) {
  behind = new AbortController();
  const renew = setTimeout(() => behind.abort(), RENEW_SECONDS * 1000);
  const { signal } = behind;
  const isIn = await enter(box, { signal, mediation: "conditional" });
  clearTimeout(renew);
  if (!isIn && signal.aborted && signal.reason !== "button") offerAtField(box);
}

async function press(box, button) {
  behind?.abort("button");
  button.setAttribute("aria-busy", "true");
  await enter(box, {});
  button.removeAttribute("aria-busy");
}

for (const box of document.querySelectorAll("[data-passkey]")) {
  if (!webauthn.isHere()) continue;
  box.hidden = false;
  const button = box.querySelector("button");
  button.addEventListener("click", () => press(box, button));
  const field = document.querySelector("[autocomplete~=webauthn]");
  if (field && (await PublicKeyCredential.isConditionalMediationAvailable?.())) offerAtField(box);
}
