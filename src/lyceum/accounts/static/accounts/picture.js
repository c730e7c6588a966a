// The person's picture: shown before it is sent, saved and removed at once, with a way back.
import { call } from "../lyceum/js/api.js";
import { paint, toast } from "../lyceum/js/shell.js";

const box = document.getElementById("avatar-form");
const file = document.getElementById("avatar-file");
const error = document.getElementById("avatar-error");
const acts = Object.fromEntries([...box.querySelectorAll("[data-act]")].map((one) => [one.dataset.act, one]));
const types = file.accept.split(",");
// What the server says of the same file.
const NO_PICTURE = "Send a PNG, JPEG, WebP or GIF picture.";
const shown = () => document.querySelector("#avatar-now .avatar");
let before = shown().innerHTML;

async function read(chosen) {
  if (!types.includes(chosen.type)) throw new Error(NO_PICTURE);
  const picture = new Image();
  picture.alt = "";
  picture.src = URL.createObjectURL(chosen);
  await picture.decode();
  return picture;
}

function show(picture) {
  shown().querySelector("img")?.remove();
  shown().append(picture);
}

function offer(chosen) {
  acts.save.hidden = acts.drop.hidden = !chosen;
  acts.remove.hidden = chosen || !shown().querySelector("img");
}

function tell(text) {
  error.hidden = !text;
  error.lastElementChild.textContent = text;
  file.toggleAttribute("aria-invalid", Boolean(text));
  if (text) file.setAttribute("aria-invalid", "true");
  file.setAttribute("aria-describedby", text ? "avatar-hint avatar-error" : "avatar-hint");
}

function everywhere(profile) {
  for (const element of document.querySelectorAll("#avatar-now .avatar, #account-open .avatar")) paint(element, profile);
  before = shown().innerHTML;
  file.value = "";
  offer(false);
}

async function send(picture) {
  const body = new FormData();
  body.append("file", picture);
  everywhere(await call("PUT", "users/avatar/", body));
}

function drop() {
  file.value = "";
  shown().innerHTML = before;
  offer(false);
}

async function preview() {
  tell("");
  const [chosen] = file.files;
  if (!chosen) return drop();
  try {
    const picture = await read(chosen);
    if (chosen !== file.files[0]) return;
    show(picture);
    offer(true);
  } catch {
    if (chosen !== file.files[0]) return;
    drop();
    tell(NO_PICTURE);
  }
}

file.addEventListener("change", preview);
// Chosen before this script was there.
preview();

acts.drop.addEventListener("click", () => {
  tell("");
  drop();
  file.focus();
});

acts.save.addEventListener("click", async () => {
  acts.save.setAttribute("aria-busy", "true");
  try {
    await send(file.files[0]);
    toast("Your picture is saved.");
    file.focus();
  } catch (problem) {
    tell(problem.errors?.[0]?.detail || problem.message);
  } finally {
    acts.save.removeAttribute("aria-busy");
  }
});

acts.remove.addEventListener("click", async () => {
  const old = await (await fetch(shown().querySelector("img").src)).blob();
  await call("DELETE", "users/avatar/");
  everywhere(await call("GET", "users/profile/"));
  file.focus();
  toast("Your picture is removed.", { undo: () => send(old) });
});
