// What every page has: signing out, toasts and questions.
import { call } from "./api.js";

export { ask } from "./ask.js";
export { toast } from "./toast.js";

document.querySelector("[data-act=sign-out]")?.addEventListener("click", async () => {
  await call("POST", "users/logout/");
  location.assign("/sign-in/");
});
