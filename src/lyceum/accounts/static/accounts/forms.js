// What forms of accounts can do beyond sending: show a password, and take the time zone of this browser.
function reveal(button) {
  const input = document.getElementById(button.dataset.show);
  const shown = input.type === "password";
  input.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
}

function offerShowing() {
  for (const button of document.querySelectorAll("[data-show]")) button.hidden = false;
}

// A zone that was never chosen is the one of the browser, offered and not taken by itself.
function offerZone() {
  const input = document.querySelector("[data-zone]");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (input && here && input.value === "UTC" && here !== "UTC") input.value = here;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show]");
  if (button) reveal(button);
});
document.addEventListener("htmx:after:swap", offerShowing);
offerShowing();
offerZone();
