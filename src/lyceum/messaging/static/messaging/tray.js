// The files that go with the next message: taken in by button, paste and drop, and uploaded at once.
import { csrfToken, Problem } from "../lyceum/js/api.js";
import { el, icon, iconButton, say } from "./dom.js";
import { sizeWords } from "./files.js";
import { playerOf, release } from "./player.js";
import { counted, problemText } from "./words.js";

const MOST = 10;
const MOST_BYTES = 25 * 1024 * 1024;
const AT_ONCE = 2;
const HOPELESS = new Set([400, 409, 413, 415, 422]);
const STATES = { waiting: "Waits", sending: "Uploading", ready: "Ready" };

const stamp = (now = new Date()) => {
  const two = (number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} ${two(now.getHours())}.${two(now.getMinutes())}`;
};
export const named = (what, ending) => `${what} ${stamp()}.${ending}`;

export class Tray {
  #trays = new Map(); // conversation → its items
  #at = null;

  // `changed()` is told whenever an item comes, goes or is there.
  constructor(form, changed) {
    this.form = form;
    this.changed = changed;
    this.list = form.querySelector("[data-part=tray]");
    this.told = form.querySelector("[data-part=refused]");
    const input = form.querySelector("[data-part=files]");
    form.querySelector("[data-act=attach]").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.add([...input.files]);
      input.value = "";
    });
    form.addEventListener("paste", (event) => this.#paste(event));
    this.list.addEventListener("click", (event) => this.#click(event));
    this.#takeDrops(form.parentElement);
  }

  show(conversation) {
    this.#at = conversation;
    this.refuse([]);
    this.#draw();
  }

  get items() {
    return this.#trays.get(this.#at) ?? [];
  }

  get isLoading() {
    return this.items.some(({ state }) => state === "waiting" || state === "sending");
  }

  get failed() {
    return this.items.filter(({ state }) => state === "failed");
  }

  // What a message takes with it; the tray is empty then.
  take() {
    const files = this.items.map(({ file }) => file);
    for (const item of this.items) this.#let(item);
    this.#trays.delete(this.#at);
    this.refuse([]);
    this.#draw();
    return files;
  }

  get place() {
    return this.#at;
  }

  add(blobs, place = this.#at) {
    if (this.form.hasAttribute("data-editing")) return this.refuse(["Save the edit first: files go with a new message."]);
    const refused = [];
    const items = [...(this.#trays.get(place) ?? [])];
    for (const blob of blobs) {
      if (items.length >= MOST) refused.push(`${blob.name} is left out: a message has at most ${MOST} files.`);
      else if (blob.size > MOST_BYTES) refused.push(`${blob.name} is left out: it has ${sizeWords(blob.size)}, and a file has at most 25 MB.`);
      else if (!blob.size) refused.push(`${blob.name} is left out: it is empty.`);
      else items.push(itemOf(blob));
    }
    this.#trays.set(place, items);
    this.refuse(refused);
    this.#pump();
    return this.#draw();
  }

  // Says in words what is left out, and why.
  refuse(sentences) {
    this.told.hidden = !sentences.length;
    this.told.querySelector("span").textContent = sentences.join(" ");
  }

  // At most two at once, over all conversations of this tray.
  #pump() {
    const all = [...this.#trays.values()].flat();
    let free = AT_ONCE - all.filter(({ state }) => state === "sending").length;
    for (const item of all) {
      if (free <= 0) return;
      if (item.state !== "waiting") continue;
      free -= 1;
      this.#send(item);
    }
  }

  async #send(item) {
    item.state = "sending";
    item.done = 0;
    try {
      item.file = await upload(item, () => this.#progress(item));
      item.state = "ready";
    } catch (error) {
      if (item.gone) return;
      item.state = "failed";
      item.reason = problemText(error);
      if (HOPELESS.has(error.status)) this.#giveUp(item);
    }
    this.#pump();
    this.#draw();
  }

  // What the server will never take is said and let go.
  #giveUp(item) {
    const place = this.#trayOf(item);
    this.#remove(item);
    if (place === this.#at) this.refuse([`${item.blob.name} is left out: ${item.reason[0].toLowerCase()}${item.reason.slice(1)}`]);
  }

  #trayOf(item) {
    return [...this.#trays].find(([, items]) => items.includes(item))?.[0];
  }

  #remove(item) {
    item.gone = true;
    item.request?.abort();
    this.#let(item);
    const key = this.#trayOf(item);
    this.#trays.set(key, this.#trays.get(key).filter((other) => other !== item));
  }

  #let({ address }) {
    if (address) release(address);
  }

  #click(event) {
    const button = event.target.closest("[data-tray]");
    const item = this.items.find(({ key }) => key === button?.closest("li").dataset.key);
    if (!item) return;
    if (button.dataset.tray === "again") item.state = "waiting";
    else this.#remove(item);
    this.#pump();
    this.#draw();
    (this.list.querySelector(`[data-key="${item.key}"] button`) ?? this.list.querySelector("[data-tray]") ?? this.form.querySelector("textarea")).focus();
  }

  // Pictures and files from the clipboard; what has words too is pasted as words.
  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    this.add(files.map((file) => (file.name === "image.png" ? new File([file], named("Pasted picture", "png"), { type: file.type }) : file)));
  }

  #takeDrops(pane) {
    const target = el("div", { class: "drop-target", hidden: true }, icon("upload", true), el("strong", {}, "Drop files to add them to your message"), el("span", { class: "small" }, "At most 10, each at most 25 MB"));
    pane.append(target);
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files") && !this.form.hidden;
    let leave = 0;
    pane.addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      target.hidden = false;
      clearTimeout(leave);
    });
    pane.addEventListener("dragleave", () => {
      clearTimeout(leave);
      leave = setTimeout(() => (target.hidden = true), 100);
    });
    pane.addEventListener("drop", (event) => {
      target.hidden = true;
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.add([...event.dataTransfer.files]);
      this.form.querySelector("textarea").focus();
    });
  }

  #progress(item) {
    const row = this.list.querySelector(`[data-key="${item.key}"]`);
    const bar = row?.querySelector("progress");
    if (!bar) return;
    bar.value = item.done;
    row.querySelector("[data-part=state]").textContent = stateWords(item);
  }

  #draw() {
    const { items } = this;
    this.list.hidden = !items.length;
    for (const row of [...this.list.children]) if (!items.some(({ key }) => key === row.dataset.key)) row.remove();
    for (const item of items) {
      const known = this.list.querySelector(`[data-key="${item.key}"]`);
      if (known?.dataset.state === item.state) continue;
      if (item.state === "ready") say(`${item.blob.name} is ready to be sent.`);
      if (known) known.replaceWith(rowOf(item));
      else this.list.append(rowOf(item));
    }
    this.changed();
  }
}

function itemOf(blob) {
  const isShown = /^(image\/(png|jpeg|gif|webp)|audio\/)/.test(blob.type);
  const key = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { key, blob, state: "waiting", done: 0, address: isShown ? URL.createObjectURL(blob) : null };
}

function stateWords({ state, done, blob, reason }) {
  const size = sizeWords(blob.size);
  if (state === "failed") return `Not uploaded: ${reason[0].toLowerCase()}${reason.slice(1)}`;
  return state === "sending" ? `${size} · ${Math.floor(done * 100)} %` : `${size} · ${STATES[state]}`;
}

function rowOf(item) {
  const { key, blob, state, address } = item;
  const thumb = address && blob.type.startsWith("image/") ? el("img", { src: address, alt: "" }) : icon(blob.type.startsWith("audio/") ? "mic" : "file-text", true);
  const isLoading = state === "waiting" || state === "sending";
  const bar = isLoading && el("progress", { class: "progress", max: "1", value: String(item.done), "aria-label": `Upload of ${blob.name}` });
  const words = el("span", { class: state === "failed" ? "tiny message-failed" : "tiny faint num", "data-part": "state" }, stateWords(item));
  const again = state === "failed" && iconButton("rotate-cw", `Upload ${blob.name} again`, { "data-tray": "again" });
  const drop = iconButton("x", isLoading ? `Cancel the upload of ${blob.name}` : `Remove ${blob.name}`, { "data-tray": "remove" });
  const player = address && state === "ready" && blob.type.startsWith("audio/") && playerOf({ id: key, url: address, name: blob.name }, blob.name);
  const name = el("strong", { class: "clip small", title: blob.name }, blob.name);
  return el("li", { "data-key": key, "data-state": state }, el("span", { class: "tray-sign" }, thumb), el("span", { class: "tray-words" }, name, words, bar), again, drop, player);
}

// A request that tells how much of it has left; the server's answer is the file.
async function upload(item, told) {
  const body = new FormData();
  body.append("file", item.blob, item.blob.name);
  const token = await csrfToken();
  if (item.gone) throw new TypeError("cancelled");
  const request = new XMLHttpRequest();
  item.request = request;
  return new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => {
      item.done = loaded / total;
      told();
    };
    request.onload = () => (request.status === 201 ? resolve(JSON.parse(request.responseText)) : reject(problemOf(request)));
    request.onerror = request.onabort = () => reject(new TypeError("no connection"));
    request.open("POST", "/api/v1/chat/attachments/");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", token);
    request.send(body);
  });
}

function problemOf({ status, statusText, responseText }) {
  try {
    return new Problem(JSON.parse(responseText));
  } catch {
    return new Problem({ status, detail: statusText || "The server did not take it." });
  }
}

export const filesWaiting = (count) => `Sends when ${counted(count, "file is", "files are")} uploaded`;
