// Sound in messages: one element for each file, outside the page, so that it plays on when its message is drawn anew.
import { el, icon } from "./dom.js";

const MAX_KEPT = 50;
const sounds = new Map(); // address → Audio

const timeWords = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const lengthOf = ({ duration }) => (Number.isFinite(duration) ? duration : 0);

function soundOf(address) {
  let audio = sounds.get(address);
  if (audio) return audio;
  audio = new Audio();
  audio.preload = "metadata";
  for (const name of ["play", "pause", "timeupdate", "durationchange", "error"]) audio.addEventListener(name, () => paintAll(address, audio));
  audio.addEventListener("loadedmetadata", () => measure(audio));
  audio.addEventListener("ended", () => (audio.currentTime = 0));
  audio.src = address;
  sounds.set(address, audio);
  if (sounds.size > MAX_KEPT) forget([...sounds.keys()].find((key) => sounds.get(key).paused && key !== address));
  return audio;
}

function forget(address) {
  sounds.get(address)?.removeAttribute("src");
  sounds.delete(address);
}

// A recording says its length nowhere but at its end: going there tells it.
function measure(audio) {
  if (audio.duration !== Infinity) return;
  const back = () => {
    if (!Number.isFinite(audio.duration)) return;
    audio.removeEventListener("durationchange", back);
    audio.currentTime = 0;
  };
  audio.addEventListener("durationchange", back);
  audio.currentTime = 1e7;
}

function paintAll(address, audio) {
  for (const node of document.querySelectorAll(".player")) if (node.dataset.sound === address) paint(node, audio);
}

function paint(node, audio) {
  const [button, seek, time] = ["[data-part=play]", "input", "[data-part=time]"].map((part) => node.querySelector(part));
  const length = lengthOf(audio);
  const at = Math.min(audio.currentTime, length);
  const verb = audio.paused ? "Play" : "Pause";
  if (button.getAttribute("aria-label") !== `${verb} ${node.dataset.name}`) {
    button.setAttribute("aria-label", `${verb} ${node.dataset.name}`);
    button.replaceChildren(icon(verb.toLowerCase()));
  }
  seek.max = length.toFixed(1);
  seek.value = at;
  seek.disabled = !length;
  seek.setAttribute("aria-valuetext", `${timeWords(at)} of ${timeWords(length)}`);
  time.textContent = audio.error ? "Cannot be played here" : at > 0 ? `${timeWords(at)} / ${timeWords(length)}` : length ? timeWords(length) : "";
  node.toggleAttribute("data-failed", Boolean(audio.error));
}

function toggle(audio) {
  if (!audio.paused) return audio.pause();
  for (const other of sounds.values()) if (other !== audio) other.pause();
  return audio.play().catch(() => {});
}

export function playerOf({ id, url, name }, title) {
  const audio = soundOf(url);
  const button = el("button", { type: "button", class: "button button-small button-icon", "data-part": "play", "data-link": `play-${id}` });
  const seek = el("input", { type: "range", min: "0", step: "0.1", "aria-label": `Place in ${title}`, "data-link": `seek-${id}` });
  const time = el("span", { class: "tiny faint num", "data-part": "time" });
  const save = el("a", { class: "button button-quiet button-small button-icon", href: url, download: name, "aria-label": `Download ${name}`, title: `Download ${name}`, "data-link": `save-${id}` }, icon("download"));
  const node = el("div", { class: "player", "data-sound": url, "data-name": title, role: "group", "aria-label": title }, button, el("strong", { class: "clip small" }, title), seek, time, save);
  button.addEventListener("click", () => toggle(audio));
  seek.addEventListener("input", () => (audio.currentTime = Number(seek.value)));
  paint(node, audio);
  return node;
}

// A recording that is not sent yet: its player goes with it.
export function release(url) {
  sounds.get(url)?.pause();
  forget(url);
  URL.revokeObjectURL(url);
}
