// What every page has: toasts and questions, the colours, the map of keys, and the word for a lost connection.
import "./htmx.js";
import "./keys.js";
import "./theme.js";
import { adopt } from "./toast.js";
import "../worker/here.js";

export { ask } from "./ask.js";
export { initials, paint, tone } from "./avatar.js";
export { toast } from "./toast.js";

for (const box of document.querySelectorAll("#toasts > .toast")) adopt(box);

// Without a connection of its own a page knows only that the network is gone; one that has it says more itself.
const live = document.getElementById("live");

function tellOffline() {
  if (!live || navigator.onLine) return;
  live.dataset.state = "offline";
  live.textContent = "Offline";
}

addEventListener("offline", tellOffline);
addEventListener("online", () => {
  if (live?.dataset.state === "offline") live.textContent = "";
});
tellOffline();

// Signing out ends the page's connections too; they must not lead somewhere else meanwhile.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-leave]")) return;
  document.documentElement.dataset.leaving = "";
  forget();
});

// What this browser kept of a person goes with them.
function forget() {
  for (const name of Object.keys(localStorage)) if (name.startsWith("lyceum.")) localStorage.removeItem(name);
  globalThis.lyceumHere.forget().catch(() => {});
}

if (location.pathname === "/sign-in/") forget();
navigator.serviceWorker?.register("/service-worker.js").catch(() => {});
