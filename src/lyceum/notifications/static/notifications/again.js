// A device ends with the sign-in that added it. After the next sign-in of the same person it is told again by itself.
import { call } from "../lyceum/js/api.js";
import { known, subscription, tellServer } from "./subscription.js";

const DONE = "push-again";

async function again() {
  const found = await subscription();
  if (found && (await call("GET", "auth/me/")).id === known()) await tellServer(found);
}

if (known() && globalThis.Notification?.permission === "granted" && !sessionStorage.getItem(DONE)) {
  sessionStorage.setItem(DONE, "yes");
  again().catch(() => sessionStorage.removeItem(DONE));
}

document.addEventListener("submit", ({ target }) => {
  if (target.matches("[data-leave]")) sessionStorage.removeItem(DONE);
});
