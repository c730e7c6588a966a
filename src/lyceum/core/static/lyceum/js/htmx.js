// htmx in this house: questions by our own dialog, toasts by an event, the focus on what went wrong.
import { ask } from "./ask.js";
import { adopt, toast } from "./toast.js";

document.addEventListener("htmx:confirm", async (event) => {
  const { ctx, issueRequest, dropRequest } = event.detail;
  if (!ctx.confirm) return;
  event.preventDefault();
  const { askTitle, askVerb, askDanger } = ctx.sourceElement.dataset;
  const agreed = await ask({ title: askTitle, text: ctx.confirm, verb: askVerb, danger: askDanger !== undefined });
  if (agreed) issueRequest();
  else dropRequest();
});

document.addEventListener("lyceum:toast", (event) => toast(event.detail.text));

document.addEventListener("htmx:after:swap", () => {
  for (const box of document.querySelectorAll("#toasts > .toast:not([data-adopted])")) adopt(box);
  const fresh = document.querySelector("[data-fresh]");
  fresh?.focus();
  fresh?.removeAttribute("data-fresh");
});

document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (ctx) toast(document.documentElement.dataset.offlineWords || "The server does not answer. Try again.");
});

// A form that is on its way keeps its width and says so; a second press does nothing meanwhile.
document.addEventListener("htmx:before:request", (event) => mark(event, true));
document.addEventListener("htmx:finally:request", (event) => mark(event, false));

function mark(event, busy) {
  const button = event.detail.ctx.sourceElement.querySelector?.("button:not([type=button])");
  if (!button) return;
  if (busy) button.setAttribute("aria-busy", "true");
  else button.removeAttribute("aria-busy");
}
