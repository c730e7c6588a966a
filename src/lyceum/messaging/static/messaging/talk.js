// The Talk page: puts its parts together, and carries between the store, the connection and what is drawn.
import { call } from "../lyceum/js/api.js";
import { toast } from "../lyceum/js/toast.js";
import { Composer } from "./composer.js";
import { Details } from "./details.js";
import { $, say } from "./dom.js";
import { Picker } from "./emoji.js";
import { Lightbox } from "./files.js";
import { Keeping } from "./keeping.js";
import { keptShort } from "./kept.js";
import { listen } from "./keys.js";
import { List } from "./list.js";
import { me } from "./me.js";
import { NewConversation } from "./new.js";
import { Outbox } from "./outbox.js";
import { Side } from "./side.js";
import { Connection } from "./socket.js";
import { Status } from "./status.js";
import { Store } from "./store.js";
import { Thread } from "./thread.js";
import { Tools, walkMenus } from "./tools.js";
import { counted, firstName, namesOf, problemText } from "./words.js";

let current = null;
const main = $("main");
const connection = new Connection(() => store.held);
const store = new Store(me, (id, sequence) => connection.resume(id, sequence));
const outbox = new Outbox(me, connection);
const keeping = new Keeping(store);
const status = new Status(outbox);
const picker = new Picker();
new Lightbox($("lightbox"));
const failed = (error) => toast(problemText(error));
const others = () => (store.conversations.get(current)?.participants ?? []).filter(({ id }) => id !== me.id);

const list = new List(store, outbox, { open: (id) => open(id), current: () => current });
const thread = new Thread(store, outbox, { read, failed });
const writes = { edit, people: others, typing };
const composer = new Composer($("composer"), { ...writes, send, editLast });
const side = new Side(store, outbox, { ...writes, send: (text, replyTo, files) => outbox.add(current, text, replyTo, files) });
const details = new Details(store, { current: () => current, open: (id) => open(id), close: leave });
new NewConversation(store, { open: (id) => open(id) });

const acts = {
  goTo: (sequence) => thread.goTo(sequence).catch(failed),
  thread: (message) => side.openThread(current, message.thread?.root ?? message.id).catch(failed),
  again: (id) => outbox.again(id),
  discard: (id) => outbox.discard(id),
};
const tools = new Tools(store, picker, $("messages"), () => current, { ...acts, reply: (m) => composer.reply(m), edit: (m) => composer.edit(m) });
const threadTools = new Tools(store, picker, $("thread-messages"), () => current, {
  ...acts,
  reply: (message) => side.composer.reply(message),
  edit: (message) => side.composer.edit(message),
});

// Acts

function send(text, replyTo, files) {
  outbox.add(current, text, replyTo, files);
  thread.toEnd();
}

async function edit(message, content) {
  if (content === message.content) return;
  try {
    const fresh = await call("PATCH", `chat/conversations/${message.conversation}/messages/${message.id}/`, { content });
    store.apply({ type: "message_edited", message: fresh });
  } catch (error) {
    toast(`The message stays as it was. ${problemText(error)}`);
  }
}

function editLast() {
  const own = thread.lastOwn();
  if (own) composer.edit(own);
  return Boolean(own);
}

function typing(isTyping) {
  if (current) connection.send({ type: "typing_indicator", conversation: current, is_typing: isTyping });
}

function read(c, sequence) {
  if (connection.send({ type: "read_receipt", conversation: c.id, sequence })) store.read(c, sequence);
}

// Which conversation is shown

async function open(id, { push = true, at = null } = {}) {
  if (!store.conversations.has(id)) {
    const fresh = await store.refresh(id);
    if (!fresh.id) {
      failed(fresh);
      return leave();
    }
  }
  const isOther = id !== current;
  const isFirst = current === null;
  current = id;
  if (push && location.pathname !== `/talk/${id}/`) history.pushState({}, "", `/talk/${id}/`);
  main.dataset.view = "thread";
  if (isOther) {
    if (isFirst) side.start();
    else side.leave();
    composer.show(id, store.nameOf(store.conversations.get(id)));
    drawTyping();
  }
  for (const name of ["scroll", "thread-head", "composer"]) $(name).hidden = false;
  $("thread-none").hidden = true;
  draw();
  store.makeSure(id);
  try {
    await showOrKept(id, at);
  } catch (error) {
    failed(error);
  }
  // A keyboard that slides in would hide what was opened to be read.
  if (!at && id === current && matchMedia("(pointer: fine)").matches) composer.field.focus();
  return null;
}

// Without a network the messages that this browser kept are shown.
async function showOrKept(id, at) {
  try {
    await thread.show(id, at);
  } catch (error) {
    const kept = isAway(error) && (await keeping.messages(id));
    if (!kept || id !== current) throw error;
    store.adoptMessages(id, kept);
    await thread.show(id);
  }
}

const isAway = (error) => error instanceof TypeError || error instanceof SyntaxError || [502, 503, 504].includes(error.status);

function leave(id = current) {
  if (id !== current) return;
  current = thread.id = null;
  if (location.pathname !== "/talk/") history.pushState({}, "", "/talk/");
  main.dataset.view = "list";
  main.dataset.side = "";
  for (const name of ["scroll", "thread-head", "composer"]) $(name).hidden = true;
  $("thread-none").hidden = false;
  draw();
}

function toList() {
  const row = () => list.shown.find(({ dataset }) => dataset.id === shown) ?? list.filter;
  const shown = current;
  leave();
  row().focus();
}

// Drawing

function draw() {
  list.draw();
  const c = store.conversations.get(current);
  status.unread(store.unread, c && store.nameOf(c));
  if (!c) return;
  drawHead(c);
  composer.name(store.nameOf(c));
  thread.draw();
  side.draw();
  details.draw();
  tools.restore();
  threadTools.restore();
}

function drawHead(c) {
  $("thread-title").textContent = store.nameOf(c);
  const here = c.participants.filter(({ id }) => id === me.id || store.stateOf(id) === "online").length;
  const other = store.other(c);
  const words = { online: "here now", away: "away", offline: "not here" };
  const people = c.kind === "group" ? `${counted(c.participants.length, "person", "people")}, ${here} here now` : other ? words[store.stateOf(other.id)] : "only you";
  $("thread-about").textContent = `${people} · ${keptShort(c)}`;
}

function drawTyping() {
  const names = store.typists(current).map((id) => others().find((p) => p.id === id)).filter(Boolean).map(({ name }) => firstName(name));
  $("typing").toggleAttribute("data-on", names.length > 0);
  const text = names.length ? `${namesOf(names)} ${names.length > 1 ? "are" : "is"} writing` : "";
  if ($("typing-words").textContent !== text) $("typing-words").textContent = text;
}

store.addEventListener("change", ({ detail: kinds }) => {
  if (kinds.has("typing")) drawTyping();
  if (kinds.size > 1 || !kinds.has("typing")) draw();
  else list.draw();
  if (current) thread.seen();
});
outbox.addEventListener("change", draw);
store.addEventListener("reload", async ({ detail }) => {
  if (!detail.includes(current)) return;
  await thread.show(current).catch(failed);
});
store.addEventListener("gone", ({ detail: { conversation, name, why } }) => {
  if (conversation !== current) return;
  toast(why === "ended" ? `${name} has ended for everyone.` : `You are no longer in ${name}.`);
  leave();
});

// The connection

connection.addEventListener("frame", ({ detail: frame }) => {
  // Somebody else has signed in here since.
  if (frame.type === "connection_established" && frame.user.id !== me.id) return location.reload();
  if (["message_deleted", "message_edited"].includes(frame.type) && !store.window(frame.conversation ?? frame.message.conversation)) keeping.forget(frame.conversation ?? frame.message.conversation);
  if (frame.type === "user_message_received") return acknowledged(frame);
  if (frame.type === "error") return refused(frame);
  if (frame.type === "message" && frame.message.sender.id === me.id && outbox.get(frame.message.client_id)) {
    outbox.discard(frame.message.client_id);
    outbox.pump();
  }
  store.apply(frame);
  if (frame.type === "message") tellAloud(frame.message);
  return null;
});

function acknowledged(frame) {
  const entry = outbox.acknowledge(frame);
  if (!entry) return;
  const { root, state: _state, reason: _reason, code: _code, ...message } = entry;
  const known = root && store.find(frame.conversation, root);
  const count = (known?.thread?.count ?? 0) + 1;
  store.take({ ...message, message_type: "user", thread: root ? { root, count } : null, attachments: message.attachments ?? [], edited_at: null, deleted: false, metadata: {} });
  // The verdict may have fallen before the message was there.
  if (message.attachments?.some(({ state }) => state === "pending")) store.lookAtFiles(message).catch(() => {});
}

function refused(frame) {
  if (frame.client_id && outbox.refuse(frame)) return;
  // Receipts and typing that come too fast are told again with the next one.
  if (frame.code !== "rate_limited" && frame.code !== "not_found") toast(frame.message);
}

// The open thread is a log of its own; elsewhere one sentence says that something came.
function tellAloud(message) {
  if (message.conversation === current || message.sender.id === me.id) return;
  const c = store.conversations.get(message.conversation);
  if (c && !c.muted) say(`${message.sender.name} wrote${c.kind === "group" ? ` in ${c.name}` : ""}.`);
}

connection.addEventListener("state", ({ detail }) => {
  status.state(detail);
  if (detail === "offline") outbox.lost();
});
connection.addEventListener("resuming", () => {
  outbox.back();
  if (!keeping.isTrue) renew();
  else if (current) store.makeSure(current);
});
connection.addEventListener("signed-out", async () => {
  await globalThis.lyceumHere.forget().catch(() => {});
  location.assign(`/sign-in/?next=${encodeURIComponent(location.pathname + location.search)}`);
});
connection.addEventListener("outdated", () => status.stop("This page is older than the server.", "Load it again"));
connection.addEventListener("changed", () => store.load().catch(() => {}));

// The page

document.addEventListener("visibilitychange", () => {
  connection.send({ type: "presence", state: document.hidden ? "away" : "online" });
  if (!document.hidden && current) thread.seen();
});
addEventListener("popstate", () => {
  const { id, at } = asked();
  if (id) open(id, { push: false, at });
  else leave();
});
$("back").addEventListener("click", (event) => {
  event.preventDefault();
  toList();
});
listen({ thread, list, side, composer, toolsAt: (article) => ($("messages").contains(article) ? tools : threadTools) });
walkMenus();

function asked() {
  const id = location.pathname.match(/^\/talk\/([0-9a-f-]{36})\//)?.[1] ?? null;
  return { id, at: Number(new URLSearchParams(location.search).get("at")) || null };
}

// What was shown from this browser's store gives way to what the server says.
async function renew() {
  try {
    await store.apply({ type: "reload", count: 0 });
    keeping.isTrue = true;
  } catch {
    setTimeout(() => connection.isOpen && !keeping.isTrue && renew(), 3000);
  }
}

async function loadOrKept() {
  try {
    await store.load();
    keeping.isTrue = true;
    return true;
  } catch (error) {
    if (error.status === 401) await globalThis.lyceumHere.forget().catch(() => {});
    const kept = isAway(error) && (await keeping.list());
    status.state("offline");
    if (kept) store.adopt(kept);
    return Boolean(kept);
  }
}

async function start() {
  if (!(await loadOrKept())) {
    // Without a list there is nothing to show: the page waits for the network and begins again.
    setTimeout(start, 3000);
    return;
  }
  list.isLoaded = true;
  if (keeping.isTrue) store.loadEnded().catch(() => {});
  const { id, at } = asked();
  if (id) await open(id, { push: false, at });
  else draw();
  connection.open();
}

await outbox.load();
start();
