// Files of messages: what they are in words, and how they stand in a message; pictures open in a dialog of their own.
import { el, icon } from "./dom.js";
import { playerOf } from "./player.js";
import { plain } from "./words.js";

const isPicture = ({ content_type }) => content_type.startsWith("image/");
const isSound = ({ content_type }) => content_type.startsWith("audio/");
export const isVoiceNote = (file) => isSound(file) && file.name.startsWith("Voice note ");

const UNITS = ["bytes", "kB", "MB"];

// 812 bytes, 48 kB, 1.8 MB
export function sizeWords(bytes) {
  const step = bytes < 1000 ? 0 : bytes < 999_500 ? 1 : 2;
  const shown = bytes / 1000 ** step;
  return `${step === 2 && shown < 100 ? shown.toFixed(1) : Math.round(shown)} ${UNITS[step]}`;
}

function kindWords(files) {
  if (files.every(isPicture)) return files.length === 1 ? "Photo" : `${files.length} photos`;
  if (files.length === 1) return isVoiceNote(files[0]) ? "Voice note" : files[0].name;
  return `${files[0].name} and ${files.length - 1} more`;
}

// The server tells what has no text by the names of its files; a voice note's is a time.
export const quoted = (excerpt) => plain(excerpt).replace(/^Voice note \d{4}-\d\d-\d\d \d\d\.\d\d\.\w+$/, "Voice note");

// A message in one line, for a list or a quote: its text, or what its files are.
export function lineOf({ content, attachments }) {
  return plain(content) || (attachments?.length ? kindWords(attachments) : "");
}

export function filesOf({ attachments }) {
  const pictures = attachments.filter((file) => isPicture(file) && file.preview_url);
  const others = attachments.filter((file) => !pictures.includes(file)).map(otherOf);
  const shown = pictures.length > 0 && el("div", { class: "pictures", "data-many": pictures.length > 1 }, ...pictures.map(pictureOf));
  return el("div", { class: "files" }, shown, ...others);
}

function pictureOf(file) {
  const image = el("img", { src: file.preview_url, alt: file.name, loading: "lazy", decoding: "async" });
  const attributes = { type: "button", class: "picture", "data-picture": file.url, "data-name": file.name, "data-link": `picture-${file.id}`, title: file.name };
  return el("button", attributes, image);
}

function otherOf(file) {
  if (file.state !== "ready") return lockedOf(file);
  return isSound(file) ? playerOf(file, isVoiceNote(file) ? "Voice note" : file.name) : documentOf(file);
}

function documentOf(file) {
  const about = el("span", { class: "tiny faint" }, `${kindOf(file)} · ${sizeWords(file.size)}`);
  const name = el("span", { class: "clip" }, el("strong", {}, file.name));
  const attributes = { class: "attachment", href: file.url, download: file.name, "data-link": `file-${file.id}`, title: `Download ${file.name}` };
  return el("a", attributes, icon("file-text", true), name, icon("download"), about);
}

const KINDS = [
  ["pdf", "PDF"],
  ["csv", "CSV"],
  ["markdown", "Markdown"],
  ["text/", "Text"],
  ["wordprocessing", "Word document"],
  ["spreadsheetml", "Excel sheet"],
  ["presentationml", "PowerPoint slides"],
  ["opendocument.text", "Text document"],
  ["opendocument.spreadsheet", "Spreadsheet"],
  ["opendocument.presentation", "Slides"],
  ["image/", "Picture"],
];
const kindOf = ({ content_type }) => KINDS.find(([part]) => content_type.includes(part))?.[1] ?? "File";

// What the scanner has not seen, or has stopped, has no address.
function lockedOf(file) {
  const isBlocked = file.state === "blocked";
  const words = isBlocked ? "Blocked: the scanner found something harmful in it" : "Being checked; it can be opened in a moment";
  const name = el("span", { class: "clip" }, el("strong", {}, file.name));
  const about = el("span", { class: isBlocked ? "tiny message-failed" : "tiny faint" }, words);
  return el("div", { class: "attachment attachment-locked" }, icon(isBlocked ? "triangle-alert" : "clock", true), name, el("span"), about);
}

// The pictures of the page in one dialog: the arrows go through those of the same list, Esc closes it.
export class Lightbox {
  #shown = null;

  constructor(dialog) {
    this.dialog = dialog;
    this.image = dialog.querySelector("img");
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-picture]");
      if (button) this.open(button);
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      this.image.removeAttribute("src");
      this.#again()?.focus();
    });
    dialog.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) this.#step(step);
    });
    for (const button of dialog.querySelectorAll("[data-step]")) button.addEventListener("click", () => this.#step(Number(button.dataset.step)));
    dialog.querySelector("[data-act=close]").addEventListener("click", () => dialog.close());
  }

  open(button) {
    this.list = button.closest(".thread")?.id;
    this.#show(button);
    this.dialog.showModal();
  }

  // A message that was drawn anew has another button for the same picture.
  #again() {
    return this.#all().find(({ dataset }) => dataset.picture === this.#shown);
  }

  #all() {
    return [...document.querySelectorAll(`#${this.list ?? "messages"} [data-picture]`)];
  }

  #step(by) {
    const all = this.#all();
    const next = all[all.indexOf(this.#again()) + by];
    if (next) this.#show(next);
  }

  #show({ dataset: { picture, name } }) {
    this.#shown = picture;
    this.image.src = picture;
    this.image.alt = name;
    this.dialog.querySelector("[data-part=name]").textContent = name;
    Object.assign(this.dialog.querySelector("[data-part=download]"), { href: picture, download: name });
    const all = this.#all();
    const at = all.indexOf(this.#again());
    for (const button of this.dialog.querySelectorAll("[data-step]")) button.disabled = !all[at + Number(button.dataset.step)];
  }
}
