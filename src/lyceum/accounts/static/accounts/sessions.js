import { call } from "../lyceum/js/api.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-end], [data-end-others]");
  if (!button) return;
  const one = button.dataset.end;
  await call("DELETE", one ? `users/sessions/${one}/` : "users/sessions/?others=true");
  location.reload();
});
