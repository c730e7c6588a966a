// What every page has: toasts and questions, the colours, the map of keys, and the word for a lost connection.
import "./htmx.js";
import "./keys.js";
import "./theme.js";
import { adopt } from "./toast.js";

export { ask } from "./ask.js";
export { initials, paint, tone } from "./avatar.js";
export { toast } from "./toast.js";

for (const box of document.querySelectorAll("#toasts > .toast")) adopt(box);

// A page with a connection of its own says more (it takes the element over by a `data-owner`).
const live = document.getElementById("live");

function tellNetwork() {
  if (!live || live.dataset.owner) return;
  live.hidden = navigator.onLine;
  live.dataset.state = navigator.onLine ? "live" : "offline";
  live.textContent = navigator.onLine ? "" : "Offline";
}

addEventListener("online", tellNetwork);
addEventListener("offline", tellNetwork);
tellNetwork();
