// Times, names and sentences, as the design writes them.
import { me } from "./me.js";

export const lettersOff = () => document.documentElement.dataset.keys === "off";
export const firstName = (name) => name.split(" ")[0];
const locale = document.documentElement.lang || undefined;
const timeZone = zoneOf(me.timezone);
const dates = new Intl.DateTimeFormat("en", { timeZone, year: "numeric", month: "numeric", day: "numeric" });

// The zone of the profile; where none was chosen, or one that this browser does not know, the browser's.
function zoneOf(chosen) {
  if (chosen === "UTC") return undefined;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: chosen }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

// The day of the calendar in that zone, as the first moment of the same day in UTC.
function dayIn(date) {
  const { year, month, day } = Object.fromEntries(dates.formatToParts(date).map(({ type, value }) => [type, Number(value)]));
  return new Date(Date.UTC(year, month - 1, day));
}

const dayNumber = (date) => dayIn(date).getTime() / 86_400_000;
const yearUnless = (now, date) => (dayIn(date).getUTCFullYear() === dayIn(now).getUTCFullYear() ? undefined : "numeric");

export const clock = (iso) => new Date(iso).toLocaleTimeString(locale, { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const fullTime = (iso) => new Date(iso).toLocaleString(locale, { timeZone, dateStyle: "full", timeStyle: "short" });

// 14:36 today, Mon in this week, else 17 November, with the year when it is another.
export function when(iso, now = new Date()) {
  const date = new Date(iso);
  const days = dayNumber(now) - dayNumber(date);
  if (days <= 0) return clock(iso);
  if (days < 7) return date.toLocaleDateString(locale, { timeZone, weekday: "short" });
  return date.toLocaleDateString("en-GB", { timeZone, day: "numeric", month: "short", year: yearUnless(now, date) });
}

export function dayHead(iso, now = new Date()) {
  const date = new Date(iso);
  const days = dayNumber(now) - dayNumber(date);
  const shown = { timeZone, weekday: "long", day: "numeric", month: "long", year: yearUnless(now, date) };
  const words = date.toLocaleDateString("en-GB", shown).replace(",", "");
  return days === 0 ? `Today, ${words}` : days === 1 ? `Yesterday, ${words}` : words;
}

export const dayOf = (iso) => dayNumber(new Date(iso));

// "Mei", "Mei and Ruth", "Mei, Ruth and 4 others"
export function namesOf(names, most = 3) {
  const rest = names.length - most;
  if (rest > 0) return `${names.slice(0, most).join(", ")} and ${rest} ${rest === 1 ? "other" : "others"}`;
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

export const counted = (number, one, many) => `${number} ${number === 1 ? one : many}`;
// Code points, as the server counts.
export const lengthOf = (text) => [...text].length;

// Markdown without its signs, for a line in a list or a quote.
export function plain(text) {
  return text
    .replace(/```\w*\n?/g, "")
    .replace(/\[([^\]\n]+)\]\((?:https?:|mailto:)[^)\s]+\)/g, "$1")
    .replace(/(\*\*|__|~~|`)(?=\S)([^\n]*?\S)\1/g, "$2")
    .replace(/(^|[\s(])[_*](?=\S)([^\n]*?\S)[_*](?=[\s).,:;!?]|$)/g, "$1$2")
    .replace(/^\s*(?:>|[-*]|\d+\.|#{1,6})\s+/gm, "")
    .replace(/\s+/g, " ")
    .trim();
}

export function problemText(error) {
  if (error instanceof TypeError) return "There is no connection. Try again when you are back online.";
  return error.errors?.[0]?.detail ?? error.message;
}
