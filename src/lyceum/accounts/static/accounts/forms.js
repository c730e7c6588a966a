// Sends a form to its door of the API and shows every broken rule at its field and in the summary.
import { call, Problem } from "../lyceum/js/api.js";
import { toast } from "../lyceum/js/shell.js";

function clear(form) {
  form.querySelector(".error-summary").hidden = true;
  for (const input of form.querySelectorAll("input")) {
    input.removeAttribute("aria-invalid");
    document.getElementById(`${input.id}-error`).hidden = true;
  }
}

function show(form, problem) {
  const summary = form.querySelector(".error-summary");
  const list = summary.querySelector("ul");
  list.replaceChildren();
  for (const { field, detail } of problem.errors) {
    const input = form.elements.namedItem(field);
    const item = document.createElement("li");
    if (input) {
      input.setAttribute("aria-invalid", "true");
      const error = document.getElementById(`${input.id}-error`);
      error.hidden = false;
      error.lastElementChild.textContent = detail;
      const link = document.createElement("a");
      link.href = `#${input.id}`;
      link.textContent = detail;
      item.append(link);
    } else {
      item.textContent = detail;
    }
    list.append(item);
  }
  summary.querySelector("h2").textContent = problem.errors.length ? "Put this right" : problem.message;
  summary.hidden = false;
  summary.focus();
}

for (const form of document.querySelectorAll("form[data-door]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clear(form);
    const button = form.querySelector("button");
    button.setAttribute("aria-busy", "true");
    const body = Object.fromEntries(new FormData(form));
    if (form.dataset.token) body.token = form.dataset.token;
    try {
      await call(form.dataset.method, form.dataset.door, body);
      if ("thenSignIn" in form.dataset) {
        await call("POST", "users/login/", { email: body.email, password: body.password });
      }
      if (form.dataset.done) location.assign(form.dataset.done);
      else toast(form.dataset.doneText);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      show(form, error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}
