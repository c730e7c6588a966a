// What every page has: signing out, and toasts.
import { call } from "./api.js";

export function toast(text) {
  const box = document.createElement("p");
  box.className = "toast";
  box.textContent = text;
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), 8000);
}

document.querySelector("[data-act=sign-out]")?.addEventListener("click", async () => {
  await call("POST", "users/logout/");
  location.assign("/sign-in/");
});
