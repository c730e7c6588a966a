// Draws the messages of a thread: day heads, the line above what is new, and each message with its state.
import { paint } from "../lyceum/js/avatar.js";
import { el, icon } from "./dom.js";
import { nameOfEmoji } from "./emoji.js";
import { filesOf, quoted as quotedWords } from "./files.js";
import { render } from "./markdown.js";
import { clock, counted, dayHead, dayOf, firstName, fullTime, namesOf } from "./words.js";

const TOGETHER_MS = 5 * 60_000;

function follows(message, before) {
  if (!before || message.reply_to || before.sender.id !== message.sender.id) return false;
  const apart = new Date(message.timestamp) - new Date(before.timestamp);
  return apart < TOGETHER_MS && dayOf(message.timestamp) === dayOf(before.timestamp);
}

function readersOf(message, view) {
  return view.others.filter((person) => person.read_sequence >= message.sequence);
}

// Under which of one's own messages it says "Sent" or "Seen": the newest, and the newest that was seen.
function withState(rows, view) {
  const own = rows.filter((message) => message.sender.id === view.me.id && message.sequence && !message.deleted);
  const seen = own.findLast((message) => readersOf(message, view).length);
  return new Set([own.at(-1)?.id, seen?.id]);
}

// The items for `reconcile`. `view`: me, others, names, markerOf(message), fresh ({from, count}), marked, inThread.
export function itemsOf(rows, pending, view) {
  const told = withState(rows, view);
  const firstNew = view.fresh && rows.find((m) => m.sequence >= view.fresh.from && m.sender.id !== view.me.id && !m.deleted);
  const items = [];
  let before = null;
  for (const message of [...rows, ...pending]) {
    if (!before || dayOf(before.timestamp) !== dayOf(message.timestamp)) {
      items.push(heading(`day-${dayOf(message.timestamp)}`, dayHead(message.timestamp), "day"));
      before = null;
    }
    if (message === firstNew) {
      items.push(heading("new", `${view.fresh.count} new since ${clock(message.timestamp)}`, "day day-new"));
      before = null;
    }
    items.push(itemOf(message, follows(message, before), told.has(message.id) ? readersOf(message, view) : null, view));
    before = message;
  }
  return items;
}

function heading(key, text, classes) {
  return { key, state: text, draw: () => el("h2", { class: classes }, text) };
}

function itemOf(message, isMore, readers, view) {
  const { id, content, attachments = [], deleted, edited_at, reactions, thread, reply_to, state, reason, sender, sequence } = message;
  const people = readers?.map(({ id: reader }) => reader);
  const shown = [content, attachments, deleted, edited_at, reactions, view.inThread ? 0 : thread, reply_to, state, reason, sender.name, sender.avatar, sequence];
  const stamp = JSON.stringify([shown, isMore, people, readers && view.others.length, view.marked === id, view.names, dayHead(message.timestamp)]);
  return { key: message.client_id && sender.id === view.me.id ? `own-${message.client_id}` : id, state: stamp, draw: () => draw(message, isMore, readers, view) };
}

function draw(message, isMore, readers, view) {
  const isOwn = message.sender.id === view.me.id;
  const isUnsent = message.state === "failed";
  const classes = ["message", isMore && "message-more", isUnsent && "message-unsent", view.marked === message.id && "message-marked"];
  const node = el("article", { class: classes.filter(Boolean).join(" "), tabindex: "-1", "aria-label": labelOf(message, isOwn) });
  node.dataset.id = message.id;
  if (message.sequence) node.dataset.sequence = message.sequence;
  node.append(...(isMore ? [timeOf(message)] : headOf(message, isOwn)));
  if (message.reply_to && !view.inThread) node.append(quoteOf(message));
  if (message.content || message.deleted) node.append(textOf(message, isOwn, view));
  if (message.attachments?.length) node.append(filesOf(message));
  if (message.reactions.length) node.append(reactionsOf(message));
  const foot = footOf(message, isMore, isOwn, readers, view);
  if (foot) node.append(foot);
  return node;
}

function labelOf(message, isOwn) {
  const who = isOwn ? "You" : message.sender.name;
  if (message.state === "failed") return `Your message of ${clock(message.timestamp)}, not sent`;
  const to = message.reply_to?.sender ? `, in reply to ${message.reply_to.sender.name}` : "";
  return `${who} at ${clock(message.timestamp)}${to}`;
}

function timeOf(message) {
  return el("time", { datetime: message.timestamp, title: fullTime(message.timestamp) }, clock(message.timestamp));
}

function headOf(message, isOwn) {
  const avatar = el("span", { class: "avatar", "aria-hidden": "true" });
  paint(avatar, { ...message.sender, id: message.sender.id ?? "0" });
  const by = el("div", { class: "message-by" }, el("strong", {}, message.sender.name));
  if (isOwn) by.append(el("span", { class: "tiny faint" }, "you"));
  by.append(timeOf(message));
  if (message.edited_at && !message.deleted) by.append(el("span", { class: "tiny faint", title: fullTime(message.edited_at) }, "edited"));
  return [avatar, by];
}

function quoteOf({ reply_to: quoted, conversation }) {
  const words = quoted.excerpt ? quotedWords(quoted.excerpt) : quoted.sender ? "a message that was removed" : "a message from before you joined";
  const attributes = { class: "message-reply", href: `/talk/${conversation}/?at=${quoted.sequence}`, "data-at": quoted.sequence, "data-link": "quote" };
  return el("a", attributes, el("span", { class: "clip" }, quoted.sender && el("strong", {}, quoted.sender.name), " ", words));
}

function textOf(message, isOwn, view) {
  if (message.deleted) return el("p", { class: "faint" }, el("em", {}, isOwn ? "You removed this message." : "This message was removed."));
  const text = el("div", { class: "message-text" });
  if (/^(?:\p{Extended_Pictographic}[\u{1F3FB}-\u{1F3FF}\uFE0F]?(?:\u200D\p{Extended_Pictographic}\uFE0F?)*\s*){1,3}$/u.test(message.content)) text.classList.add("message-emoji");
  render(message.content, text, view.markerOf(message));
  return text;
}

function reactionsOf(message) {
  const chips = message.reactions.map(({ emoji, count, mine }) => {
    const label = `${nameOfEmoji(emoji)}, ${count}${mine ? ", yours too" : ""}`;
    const attributes = { type: "button", class: "chip", "data-emoji": emoji, "aria-pressed": String(mine), "aria-label": label, title: nameOfEmoji(emoji) };
    return el("button", attributes, el("span", { class: "emoji" }, emoji), el("span", { class: "num" }, String(count)));
  });
  return el("div", { class: "reactions" }, ...chips);
}

function footOf(message, isMore, isOwn, readers, view) {
  const parts = [];
  if (isMore && message.edited_at && !message.deleted) parts.push(el("span", { title: fullTime(message.edited_at) }, "Edited"));
  if (message.state) parts.push(...unsentOf(message));
  else if (isOwn && readers) parts.push(...seenOf(readers, view));
  const replies = message.thread?.count ?? 0;
  if (replies && !view.inThread && message.thread.root === message.id) parts.unshift(threadOf(replies));
  return parts.length ? el("div", { class: "message-state" }, ...parts) : null;
}

function threadOf(replies) {
  return el("button", { type: "button", class: "link-button", "data-act": "thread" }, icon("text-quote"), counted(replies, "reply", "replies"));
}

function unsentOf({ state, reason }) {
  if (state !== "failed") {
    const words = state === "sending" ? "Sending" : (reason ?? "Waits for the connection");
    return [el("span", { class: "line gap-1" }, icon("clock"), words)];
  }
  const why = el("span", { class: "message-failed line gap-1" }, icon("circle-alert"), `Not sent: ${reason[0].toLowerCase()}${reason.slice(1)}`);
  const again = el("button", { type: "button", class: "button button-small", "data-act": "again" }, icon("rotate-cw"), "Send again");
  return [why, again, el("button", { type: "button", class: "button button-small button-quiet", "data-act": "discard" }, "Discard")];
}

function seenOf(readers, view) {
  if (!readers.length) return [el("span", { class: "line gap-1" }, icon("check"), "Sent")];
  const isAll = readers.length === view.others.length && readers.length > 1;
  const faces = readers.slice(0, 3).map((person) => {
    const face = el("span", { class: "avatar avatar-small" });
    paint(face, person);
    return face;
  });
  const words = isAll ? "Seen by everyone" : `Seen by ${namesOf(readers.map(({ name }) => firstName(name)))}`;
  const sign = view.others.length > 1 && !isAll ? el("span", { class: "line gap-1", "aria-hidden": "true" }, ...faces) : icon("check-check");
  return [el("span", { class: "line gap-1" }, sign, words)];
}
