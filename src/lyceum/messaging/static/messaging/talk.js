// The Talk page: the list of conversations, one thread, and the composer.
import { call } from "../lyceum/js/api.js";
import { toast } from "../lyceum/js/shell.js";
import { render } from "./markdown.js";
import { Socket } from "./socket.js";

const me = JSON.parse(document.getElementById("me").textContent);
const $ = (id) => document.getElementById(id);
const conversations = new Map();
const messages = new Map(); // id → message of the open thread
const waiting = new Map(); // client_id → message that is not acknowledged
const typists = new Map();
const presence = new Map();
let current = null;
let hasOlder = false;
let replyTo = null;
let editing = null;
let toldTyping = 0;
const NOT_SENT_MS = 10_000;
const OUTBOX = `lyceum.outbox.${me.id}`;

const clock = (iso) => {
  const moment = new Date(iso);
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday
    ? moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : moment.toLocaleDateString([], { day: "numeric", month: "short" });
};
const initials = (name) => name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("").toUpperCase();
const nameOf = (c) => c.name ?? c.participants.find((p) => p.id !== me.id)?.name ?? me.name;
const personIn = (c, id) => c?.participants.find((p) => p.id === id)?.name ?? "Someone";

function drawList() {
  const words = $("filter").value.toLowerCase();
  const rows = [...conversations.values()]
    .filter((c) => nameOf(c).toLowerCase().includes(words))
    .sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  $("conversation-rows").replaceChildren(
    ...rows.map((c) => {
      const row = $("conversation-row").content.cloneNode(true);
      const link = row.querySelector("a");
      link.href = `/talk/${c.id}/`;
      link.dataset.id = c.id;
      if (c.id === current) link.setAttribute("aria-current", "true");
      row.querySelector(".avatar").textContent = initials(nameOf(c));
      row.querySelector("[data-part=name]").textContent = nameOf(c);
      const last = c.last_message;
      const who = last && (last.sender.id === me.id ? "You" : last.sender.name.split(" ")[0]);
      row.querySelector("[data-part=line]").textContent = last ? `${who}: ${last.content || "removed"}` : "No messages yet";
      row.querySelector("time").textContent = clock(c.updated_at);
      const unread = row.querySelector("[data-part=unread]");
      unread.hidden = !c.unread_count;
      unread.textContent = c.unread_count;
      unread.setAttribute("aria-label", `${c.unread_count} unread`);
      return row;
    }),
  );
  const total = rows.reduce((sum, c) => sum + c.unread_count, 0);
  document.title = `${total ? `(${total}) ` : ""}Talk · Lyceum`;
}

function stateOf(message) {
  if (message.failed) return "Not sent";
  if (!message.sequence) return "Sending";
  if (message.sender.id !== me.id) return "";
  const readers = conversations.get(current).participants.filter((p) => p.id !== me.id && p.read_sequence >= message.sequence);
  return readers.length ? `Seen by ${readers.map((p) => p.name.split(" ")[0]).slice(0, 3).join(", ")}` : "Sent";
}

function drawMessage(message) {
  const row = $("message-row").content.cloneNode(true).firstElementChild;
  row.dataset.id = message.id;
  const own = message.sender.id === me.id;
  row.setAttribute("aria-label", `${own ? "You" : message.sender.name} at ${clock(message.timestamp)}`);
  row.querySelector(".avatar").textContent = initials(message.sender.name);
  row.querySelector("strong").textContent = message.sender.name;
  const time = row.querySelector("time");
  time.dateTime = message.timestamp;
  time.textContent = clock(message.timestamp);
  if (message.reply_to) {
    const quote = row.querySelector(".message-reply");
    quote.hidden = false;
    quote.firstElementChild.textContent = `${message.reply_to.sender?.name ?? "Earlier"}: ${message.reply_to.excerpt ?? ""}`;
  }
  const text = row.querySelector("[data-part=text]");
  if (message.deleted) text.textContent = "This message was removed.";
  else render(message.content, text);
  const reactions = row.querySelector(".reactions");
  reactions.hidden = !message.reactions.length;
  for (const { emoji, count, mine, users } of message.reactions) {
    const chip = document.createElement("button");
    chip.className = "chip";
    chip.dataset.emoji = emoji;
    chip.setAttribute("aria-pressed", String(mine ?? users?.includes(me.id) ?? false));
    chip.textContent = `${emoji} ${count}`;
    reactions.append(chip);
  }
  const state = row.querySelector(".message-state");
  state.textContent = [message.edited_at && !message.deleted ? "Edited" : "", stateOf(message)].filter(Boolean).join(" · ");
  if (message.failed) {
    row.classList.add("message-unsent");
    const again = document.createElement("button");
    again.className = "button button-small";
    again.dataset.act = "again";
    again.textContent = "Send again";
    state.append(" ", again);
  }
  row.querySelector("[data-act=edit]").hidden = row.querySelector("[data-act=delete]").hidden = !own || !message.sequence || message.deleted;
  return row;
}

function drawThread() {
  const scroll = $("scroll");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
  const focused = document.activeElement?.closest?.("article")?.dataset.id;
  const rows = [...messages.values()].sort((a, b) => a.sequence - b.sequence);
  const pending = [...waiting.values()].filter((m) => m.conversation === current);
  $("messages").replaceChildren(...[...rows, ...pending].map(drawMessage));
  if (focused) $("messages").querySelector(`[data-id="${focused}"]`)?.focus();
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
}

function drawTyping() {
  const names = [...typists].filter(([, c]) => c === current).map(([id]) => personIn(conversations.get(current), id).split(" ")[0]);
  $("typing").hidden = !names.length;
  $("typing").textContent = names.length ? `${names.join(", ")} ${names.length > 1 ? "are" : "is"} writing` : "";
}

function drawDetails() {
  const c = conversations.get(current);
  $("details-leave").hidden = c?.kind !== "group";
  $("details-people").replaceChildren(
    ...(c?.participants ?? []).map((person) => {
      const item = document.createElement("li");
      item.className = "line";
      const avatar = document.createElement("span");
      avatar.className = "avatar";
      avatar.textContent = initials(person.name);
      const state = presence.get(person.id) ?? "offline";
      avatar.dataset.presence = state;
      avatar.setAttribute("role", "img");
      avatar.setAttribute("aria-label", `${person.name}, ${state}`);
      const name = document.createElement("span");
      name.textContent = person.role === "owner" ? `${person.name}, owner` : person.name;
      item.append(avatar, name);
      return item;
    }),
  );
}

async function load() {
  let next = "chat/conversations/?limit=100";
  while (next) {
    const page = await call("GET", next);
    for (const c of page.results) conversations.set(c.id, c);
    next = page.next;
  }
  drawList();
}

async function open(id, { push = true } = {}) {
  current = id;
  messages.clear();
  replyTo = editing = null;
  if (push) {
    history.pushState({}, "", `/talk/${id}/`);
    // A pushed state does not move :target, by which a phone chooses what it shows.
    location.replace("#thread");
  }
  const c = conversations.get(id) ?? (await call("GET", `chat/conversations/${id}/`));
  conversations.set(id, c);
  $("thread-title").textContent = nameOf(c);
  $("thread-about").textContent = `${c.participants.length} people · kept ${c.retention === "permanent" ? "permanently" : "24 hours"}`;
  $("composer").hidden = false;
  $("message").value = localStorage.getItem(`lyceum.draft.${id}`) ?? "";
  drawDetails();
  await reload();
  $("scroll").scrollTop = $("scroll").scrollHeight;
  $("message").focus();
}

async function reload() {
  const id = current;
  const page = await call("GET", `chat/conversations/${id}/messages/`);
  if (id !== current) return;
  hasOlder = page.has_more;
  for (const message of page.results) keep(message);
  drawThread();
  markRead();
  drawList();
}

// A message that came is no longer waiting, whichever way it came.
function keep(message) {
  if (message.sender.id === me.id && message.client_id && waiting.delete(message.client_id)) saveOutbox();
  if (message.conversation === current) messages.set(message.id, message);
  const c = conversations.get(message.conversation);
  if (!c) return;
  if (message.sequence > c.last_sequence) {
    c.unread_count += message.sender.id === me.id ? 0 : 1;
    c.last_sequence = message.sequence;
    c.last_message = message;
    c.updated_at = message.timestamp;
  }
}

function markRead() {
  const c = conversations.get(current);
  if (!c || document.hidden || !c.unread_count) return;
  if (socket.send({ type: "read_receipt", conversation: current, sequence: c.last_sequence })) c.unread_count = 0;
}

function saveOutbox() {
  localStorage.setItem(OUTBOX, JSON.stringify([...waiting.values()]));
}

function sendWaiting(message) {
  message.failed = false;
  const sent = socket.send({
    type: "user_message",
    conversation: message.conversation,
    message: message.content,
    client_id: message.client_id,
    reply_to: message.reply_to?.id,
  });
  if (sent) {
    setTimeout(() => {
      if (!waiting.has(message.client_id)) return;
      message.failed = true;
      drawThread();
    }, NOT_SENT_MS);
  }
}

function send(text) {
  const client_id = crypto.randomUUID();
  const message = {
    id: client_id,
    client_id,
    conversation: current,
    sequence: 0,
    sender: { id: me.id, name: me.name },
    content: text,
    timestamp: new Date().toISOString(),
    reply_to: replyTo && { id: replyTo.id, sender: replyTo.sender, excerpt: replyTo.content.slice(0, 140) },
    reactions: [],
  };
  waiting.set(client_id, message);
  saveOutbox();
  sendWaiting(message);
  toldTyping = 0;
  setContext();
  drawThread();
  $("scroll").scrollTop = $("scroll").scrollHeight;
}

function setContext({ reply = null, edit = null } = {}) {
  replyTo = reply;
  editing = edit;
  $("context").hidden = !reply && !edit;
  $("context-text").textContent = reply ? `Replying to ${reply.sender.name}: ${reply.content.slice(0, 80)}` : edit ? "Editing your message" : "";
  if (edit) $("message").value = edit.content;
  $("message").focus();
}

const takes = {
  connection_established: (frame) => {
    for (const { id, unread_count } of frame.conversations) {
      const c = conversations.get(id);
      if (c) c.unread_count = unread_count;
    }
    for (const message of waiting.values()) sendWaiting(message);
  },
  message: ({ message }) => {
    keep(message);
    typists.delete(message.sender.id);
    drawTyping();
    if (message.conversation === current) markRead();
  },
  user_message_received: (frame) => {
    const message = waiting.get(frame.client_id);
    if (message) keep({ ...message, id: frame.message_id, sequence: frame.sequence, content: frame.content, timestamp: frame.timestamp });
  },
  message_edited: ({ message }) => messages.has(message.id) && messages.set(message.id, message),
  message_deleted: ({ message_id }) => {
    const message = messages.get(message_id);
    if (message) Object.assign(message, { deleted: true, content: "", reactions: [] });
  },
  reaction: ({ message_id, reactions }) => {
    const message = messages.get(message_id);
    if (message) message.reactions = reactions;
  },
  read_receipt: ({ conversation, user, sequence }) => {
    const c = conversations.get(conversation);
    const reader = c?.participants.find((p) => p.id === user);
    if (reader) reader.read_sequence = Math.max(reader.read_sequence, sequence);
    if (user === me.id && c && sequence >= c.last_sequence) c.unread_count = 0;
  },
  typing_indicator: ({ conversation, user, is_typing }) => {
    if (is_typing) typists.set(user, conversation);
    else typists.delete(user);
    setTimeout(drawTyping, 0);
  },
  conversation_added: ({ details }) => conversations.set(details.id, details),
  member_added: ({ conversation, user, role }) => {
    const c = conversations.get(conversation);
    if (c && !c.participants.some((p) => p.id === user.id)) c.participants.push({ ...user, role, read_sequence: c.last_sequence });
  },
  member_removed: ({ conversation, user }) => {
    const c = conversations.get(conversation);
    if (user === me.id) conversations.delete(conversation);
    else if (c) c.participants = c.participants.filter((p) => p.id !== user);
  },
  conversation_updated: ({ conversation, changes }) => {
    if (changes.ended) conversations.delete(conversation);
    else Object.assign(conversations.get(conversation) ?? {}, changes.name ? { name: changes.name } : {});
  },
  presence_snapshot: ({ users }) => users.forEach(({ user, state }) => presence.set(user, state)),
  presence: ({ user, state }) => presence.set(user, state),
  reload: () => current && reload(),
  error: (frame) => toast(frame.message),
};

const socket = new Socket(() => [...conversations.values()].map((c) => [c.id, c.last_sequence]).slice(0, 500));
socket.addEventListener("state", ({ detail }) => {
  $("live").dataset.state = detail;
  $("live").textContent = detail === "live" ? "Live" : "Offline";
  $("strip").hidden = detail === "live";
  $("strip").textContent = detail === "live" ? "" : "The connection is lost. What you write is kept and sent when it is back.";
});
socket.addEventListener("frame", ({ detail }) => {
  const take = takes[detail.type];
  if (!take) return;
  take(detail);
  if (!["typing_indicator", "error"].includes(detail.type)) {
    drawList();
    if (current) drawThread();
    if (current) drawDetails();
  }
});
$("details-leave").addEventListener("click", async () => {
  if (!confirm("Leave this group? Its messages are gone for you.")) return;
  await call("POST", `chat/conversations/${current}/leave/`);
  location.assign("/talk/");
});

$("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("message").value.trim();
  if (!text) return;
  $("message").value = "";
  localStorage.removeItem(`lyceum.draft.${current}`);
  if (editing) {
    const id = editing.id;
    setContext();
    await call("PATCH", `chat/conversations/${current}/messages/${id}/`, { content: text }).catch((e) => toast(e.message));
  } else {
    send(text);
  }
});
$("message").addEventListener("input", () => {
  localStorage.setItem(`lyceum.draft.${current}`, $("message").value);
  if (Date.now() - toldTyping > 3000) {
    toldTyping = Date.now();
    socket.send({ type: "typing_indicator", conversation: current, is_typing: true });
  }
});
$("message").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("composer").requestSubmit();
  } else if (event.key === "ArrowUp" && !$("message").value) {
    const own = [...messages.values()].filter((m) => m.sender.id === me.id && !m.deleted);
    if (own.length) setContext({ edit: own.sort((a, b) => b.sequence - a.sequence)[0] });
  } else if (event.key === "Escape") {
    setContext();
  }
});
$("context-drop").addEventListener("click", () => setContext());
$("filter").addEventListener("input", drawList);
$("conversation-rows").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  open(link.dataset.id);
});
$("messages").addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  const id = event.target.closest("article")?.dataset.id;
  if (!button || !id) return;
  const message = messages.get(id);
  const base = `chat/conversations/${current}/messages/${id}/`;
  const act = button.dataset.act;
  try {
    if (act === "again") sendWaiting(waiting.get(id));
    else if (act === "reply") setContext({ reply: message });
    else if (act === "edit") setContext({ edit: message });
    else if (act === "delete" && confirm("Delete this message for everyone?")) await call("DELETE", base);
    else if (act === "react" || button.dataset.emoji) {
      const emoji = button.dataset.emoji ?? "👍";
      const pressed = button.getAttribute("aria-pressed") === "true";
      await call(pressed ? "DELETE" : "PUT", `${base}reactions/${encodeURIComponent(emoji)}/`);
    }
  } catch (error) {
    toast(error.message);
  }
});
$("scroll").addEventListener("scroll", async () => {
  if ($("scroll").scrollTop > 80 || !hasOlder || !messages.size) return;
  hasOlder = false;
  const first = Math.min(...[...messages.values()].map((m) => m.sequence));
  const page = await call("GET", `chat/conversations/${current}/messages/?before=${first}`);
  const height = $("scroll").scrollHeight;
  for (const message of page.results) messages.set(message.id, message);
  drawThread();
  $("scroll").scrollTop += $("scroll").scrollHeight - height;
  hasOlder = page.has_more;
});
document.addEventListener("visibilitychange", () => {
  markRead();
  socket.send({ type: "presence", state: document.hidden ? "away" : "online" });
});

const chosen = new Map();
async function searchPeople() {
  const { results } = await call("GET", `users/list/?q=${encodeURIComponent($("people-search").value)}`);
  $("people-rows").replaceChildren(
    ...results.filter((p) => p.id !== me.id).slice(0, 8).map((p) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "chip";
      button.textContent = p.name;
      button.setAttribute("aria-pressed", String(chosen.has(p.id)));
      button.addEventListener("click", () => {
        if (!chosen.delete(p.id)) chosen.set(p.id, p.name);
        button.setAttribute("aria-pressed", String(chosen.has(p.id)));
        $("chosen").textContent = [...chosen.values()].join(", ");
      });
      item.append(button);
      return item;
    }),
  );
}
$("new-open").addEventListener("click", () => {
  chosen.clear();
  $("chosen").textContent = "";
  $("group-name").value = "";
  $("new-dialog").showModal();
  searchPeople();
});
$("people-search").addEventListener("input", searchPeople);
$("new-create").addEventListener("click", async () => {
  const name = $("group-name").value.trim();
  const body = { kind: name || chosen.size > 1 ? "group" : "direct", participants: [...chosen.keys()] };
  if (body.kind === "group") body.name = name || [...chosen.values()].join(", ").slice(0, 100);
  try {
    const made = await call("POST", "chat/conversations/", body);
    conversations.set(made.id, made);
    $("new-dialog").close();
    open(made.id);
  } catch (error) {
    toast(error.errors?.[0]?.detail ?? error.message);
  }
});

for (const message of JSON.parse(localStorage.getItem(OUTBOX) ?? "[]")) waiting.set(message.client_id, message);
await load();
const asked = location.pathname.match(/^\/talk\/([0-9a-f-]{36})\//);
if (asked) await open(asked[1], { push: false });
else location.replace("#conversations");
socket.open();
addEventListener("popstate", () => {
  const id = location.pathname.match(/^\/talk\/([0-9a-f-]{36})\//)?.[1];
  if (id && id !== current) open(id, { push: false });
});
