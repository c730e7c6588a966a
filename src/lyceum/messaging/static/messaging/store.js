// What the page knows: conversations, the messages it has of each, who is here and who writes. It draws nothing.
import { call } from "../lyceum/js/api.js";

const GAP_MS = 1500; // an acknowledgement may overtake the frame before it
const TYPING_MS = 8000;

// An answer may be older than a receipt that came by the connection; reading only moves forward.
function readAtLeast(participants, known = []) {
  const read = new Map(known.map(({ id, read_sequence }) => [id, read_sequence]));
  return participants.map((p) => ({ ...p, read_sequence: Math.max(p.read_sequence, read.get(p.id) ?? 0) }));
}

export class Store extends EventTarget {
  conversations = new Map();
  ended = new Map();
  windows = new Map(); // conversation → {messages, hasOlder, hasNewer, fresh}
  thread = null; // {conversation, root, messages}
  presence = new Map();
  #typing = new Map(); // conversation → Map of user → when it ends
  #touched = new Set();
  #unsure = new Set(); // conversations that may have changed before the connection was there
  #ask;

  // `ask(conversation, sequence)` fetches what is missing above a sequence.
  constructor(me, ask) {
    super();
    this.me = me;
    this.#ask = ask;
  }

  // What changed is told once for all that came together.
  touch(...kinds) {
    if (!this.#touched.size) {
      setTimeout(() => {
        const told = this.#touched;
        this.#touched = new Set();
        this.dispatchEvent(new CustomEvent("change", { detail: told }));
      });
    }
    for (const kind of kinds) this.#touched.add(kind);
  }

  // Conversations

  async load() {
    const found = new Map();
    for (let next = "chat/conversations/?limit=100"; next; ) {
      const page = await call("GET", next);
      for (const c of page.results) found.set(c.id, c);
      next = page.next;
    }
    for (const id of this.conversations.keys()) if (!found.has(id)) this.drop(id);
    for (const c of found.values()) this.keep(c);
  }

  // What this browser kept, in place of what the server would say.
  adopt(conversations) {
    for (const c of conversations) this.keep(c);
  }

  adoptMessages(id, messages) {
    this.windows.set(id, { messages: new Map(messages.map((m) => [m.id, m])), hasOlder: false, hasNewer: false, fresh: null });
    this.touch("thread");
  }

  async loadEnded() {
    const page = await call("GET", "chat/conversations/?ended=true&limit=100");
    this.ended = new Map(page.results.map((c) => [c.id, c]));
    this.touch("list");
  }

  keep(c) {
    const known = this.conversations.get(c.id);
    const held = known ? Math.max(known.held, c.last_sequence) : c.last_sequence;
    const participants = readAtLeast(c.participants, known?.participants);
    this.conversations.set(c.id, { ...c, participants, held, counted: c.last_sequence, ahead: new Set(), mentioned: this.#mentions(c.last_message) && c.unread_count > 0 });
    this.ended.delete(c.id);
    this.touch("list", "people", "thread");
  }

  drop(id) {
    this.conversations.delete(id);
    this.windows.delete(id);
    if (this.thread?.conversation === id) this.thread = null;
    this.touch("list", "people", "thread");
  }

  other(c) {
    return c.participants.find((p) => p.id !== this.me.id);
  }

  mine(c) {
    return c.participants.find((p) => p.id === this.me.id);
  }

  owns(c) {
    return c.kind === "group" && this.mine(c)?.role === "owner";
  }

  nameOf(c) {
    return c.name ?? this.other(c)?.name ?? this.me.name;
  }

  get unread() {
    return [...this.conversations.values()].reduce((sum, c) => sum + (c.muted ? 0 : c.unread_count), 0);
  }

  #mentions(message) {
    return Boolean(message?.metadata?.mentions?.includes(this.me.id) && message.sender.id !== this.me.id);
  }

  // Sequences: what is held without a gap, and what came ahead of it

  get held() {
    return [...this.conversations.values()].map((c) => [c.id, c.held]);
  }

  #note(c, sequence) {
    if (sequence <= c.held) return;
    c.ahead.add(sequence);
    this.#close(c);
    if (c.ahead.size) this.#suspect(c);
  }

  #close(c) {
    while (c.ahead.delete(c.held + 1)) c.held += 1;
    for (const sequence of c.ahead) if (sequence <= c.held) c.ahead.delete(sequence);
  }

  #suspect(c) {
    clearTimeout(c.gap);
    c.gap = setTimeout(() => this.#ask(c.id, c.held), GAP_MS);
  }

  // Messages

  window(id) {
    return this.windows.get(id);
  }

  rows(place) {
    return place ? [...place.messages.values()].sort((a, b) => a.sequence - b.sequence) : [];
  }

  // The newest page, or one with a sequence in the middle.
  async open(id, around = null) {
    const page = await call("GET", `chat/conversations/${id}/messages/${around ? `?around=${around}` : ""}`);
    const c = this.conversations.get(id);
    const first = page.results[0]?.sequence ?? 1;
    const last = page.results.at(-1)?.sequence ?? 0;
    this.windows.set(id, {
      messages: new Map(page.results.map((message) => [message.id, message])),
      hasOlder: around ? first > 1 : page.has_more,
      hasNewer: around ? page.has_more : false,
      fresh: this.windows.get(id)?.fresh ?? null,
    });
    // What came while the page was under way is not in it.
    if (c && !around && last < c.last_sequence) this.#ask(id, last);
    if (c && !around && last > c.held) for (let n = c.held + 1; n <= last; n += 1) this.#note(c, n);
    this.touch("thread");
  }

  async older(id) {
    const place = this.windows.get(id);
    const first = this.rows(place)[0]?.sequence;
    const page = await call("GET", `chat/conversations/${id}/messages/?before=${first}`);
    for (const message of page.results) place.messages.set(message.id, message);
    place.hasOlder = page.has_more;
    this.touch("thread");
  }

  async newer(id) {
    const place = this.windows.get(id);
    const last = this.rows(place).at(-1)?.sequence ?? 0;
    const page = await call("GET", `chat/conversations/${id}/messages/?after=${last}`);
    for (const message of page.results) place.messages.set(message.id, message);
    place.hasNewer = page.has_more;
    this.touch("thread");
  }

  async openThread(conversation, message) {
    const page = await call("GET", `chat/conversations/${conversation}/messages/${message}/thread/`);
    const messages = new Map(page.results.map((found) => [found.id, found]));
    this.thread = { conversation, root: page.results[0].id, messages };
    this.touch("thread");
  }

  find(conversation, id) {
    for (const place of this.#places(conversation)) {
      const found = place.messages.get(id);
      if (found) return found;
    }
    return null;
  }

  *#places(conversation) {
    const place = this.windows.get(conversation);
    if (place) yield place;
    if (this.thread?.conversation === conversation) yield this.thread;
  }

  #change(conversation, id, change) {
    for (const place of this.#places(conversation)) {
      const found = place.messages.get(id);
      if (found) place.messages.set(id, { ...found, ...change(found) });
    }
    const c = this.conversations.get(conversation);
    if (c?.last_message?.id === id) c.last_message = { ...c.last_message, ...change(c.last_message) };
    this.touch("thread", "list");
  }

  // Frames say who reacted, at most 20 of them; whether I did is kept where they do not say.
  #reactions(reactions, before = []) {
    return reactions.map((reaction) => {
      const known = before.find(({ emoji }) => emoji === reaction.emoji)?.mine ?? false;
      const mine = reaction.mine ?? (reaction.users?.includes(this.me.id) || (reaction.count > 20 && known));
      return { emoji: reaction.emoji, count: reaction.count, mine };
    });
  }

  // A message that came, by whichever way.
  take(message) {
    const c = this.conversations.get(message.conversation);
    const known = this.find(message.conversation, message.id);
    const kept = { ...message, reactions: this.#reactions(message.reactions, known?.reactions) };
    const place = this.windows.get(message.conversation);
    if (place && (!place.hasNewer || known)) place.messages.set(kept.id, kept);
    const thread = this.thread;
    if (thread && kept.thread?.root === thread.root) thread.messages.set(kept.id, kept);
    if (kept.thread) this.#countReplies(kept);
    if (c) this.#arrived(c, kept);
    this.touch("thread", "list");
  }

  #countReplies({ conversation, thread }) {
    for (const place of this.#places(conversation)) {
      for (const [id, message] of place.messages) {
        if (id === thread.root || message.thread?.root === thread.root) place.messages.set(id, { ...message, thread });
      }
    }
  }

  #arrived(c, message) {
    const isMine = message.sender.id === this.me.id;
    if (message.sequence > (c.last_message?.sequence ?? 0)) {
      c.last_message = message;
      c.updated_at = message.timestamp > c.updated_at ? message.timestamp : c.updated_at;
    }
    c.last_sequence = Math.max(c.last_sequence, message.sequence);
    if (message.sequence > c.counted) {
      c.counted = message.sequence;
      if (isMine) this.#readTo(c, message.sequence);
      else if (!message.deleted && message.message_type !== "system" && message.sequence > (this.mine(c)?.read_sequence ?? 0)) {
        c.unread_count += 1;
        c.mentioned ||= this.#mentions(message);
      }
    }
    this.#note(c, message.sequence);
    this.#types(c.id, message.sender.id, false);
  }

  #readTo(c, sequence) {
    const mine = this.mine(c);
    if (mine) mine.read_sequence = Math.max(mine.read_sequence, sequence);
    if (sequence >= c.last_sequence) this.#setUnread(c, 0);
  }

  #setUnread(c, count) {
    c.unread_count = count;
    if (!count) c.mentioned = false;
    this.touch("list");
  }

  // Reads up to a sequence here; the others are told by the caller.
  read(c, sequence) {
    this.#readTo(c, sequence);
    if (c.unread_count) this.#recount(c);
  }

  #recount(c) {
    const from = this.mine(c)?.read_sequence ?? 0;
    const rows = this.rows(this.windows.get(c.id));
    if (rows.length && rows[0].sequence <= from + 1 && rows.at(-1).sequence >= c.last_sequence) {
      const unread = rows.filter((m) => m.sequence > from && m.sender.id !== this.me.id && !m.deleted && m.message_type !== "system");
      // What came before one joined is not unread: only the server knows where that was.
      if (unread.length <= c.unread_count) return void this.#setUnread(c, unread.length);
    }
    clearTimeout(c.recount);
    c.recount = setTimeout(async () => {
      const fresh = await call("GET", `chat/conversations/${c.id}/`).catch(() => null);
      if (fresh) this.#setUnread(c, fresh.unread_count);
    }, 400);
  }

  // Typing and presence

  typists(id) {
    const now = Date.now();
    return [...(this.#typing.get(id) ?? [])].filter(([, ends]) => ends > now).map(([user]) => user);
  }

  #types(id, user, isTyping) {
    if (!this.#typing.has(id)) this.#typing.set(id, new Map());
    const writers = this.#typing.get(id);
    if (isTyping) {
      writers.set(user, Date.now() + TYPING_MS);
      setTimeout(() => this.touch("typing"), TYPING_MS + 50);
    } else writers.delete(user);
    this.touch("typing");
  }

  // Frames, by their type

  apply(frame) {
    return this[`_${frame.type}`]?.(frame, this.conversations.get(frame.conversation));
  }

  _connection_established({ conversations }) {
    const told = new Map(conversations.map((c) => [c.id, c]));
    this.#unsure = new Set(told.keys());
    for (const id of [...this.conversations.keys()]) if (!told.has(id)) this.drop(id);
    for (const { id, sequence, unread_count } of told.values()) {
      const c = this.conversations.get(id);
      if (!c) this.refresh(id);
      else if (sequence >= c.counted) {
        c.counted = sequence;
        c.last_sequence = sequence;
        this.#setUnread(c, unread_count);
      }
    }
  }

  async refresh(id) {
    const fresh = await call("GET", `chat/conversations/${id}/`).catch((error) => error);
    if (fresh.id) this.keep(fresh);
    else if (fresh.status === 404) this.drop(id);
    return fresh;
  }

  // Who is in it, how far they read and how it is called: what changed without a connection is in no frame.
  async makeSure(id) {
    const before = this.conversations.get(id);
    if (!before || !this.#unsure.delete(id)) return;
    const { participants, name: called, notifications: told } = before;
    const fresh = await call("GET", `chat/conversations/${id}/`).catch(() => null);
    const c = this.conversations.get(id);
    if (fresh && c?.participants === participants && c.name === called && c.notifications === told) {
      const { name, history, notifications, muted } = fresh;
      Object.assign(c, { name, history, notifications, muted, participants: readAtLeast(fresh.participants, participants) });
      this.touch("list", "people", "thread");
    } else if (c) {
      this.#unsure.add(id);
      // A frame came first that says more than the answer may know.
      if (fresh) await this.makeSure(id);
    }
  }

  _message({ message }, c) {
    if (!c) this.refresh(message.conversation);
    this.take(message);
  }

  _message_edited({ message }) {
    this.#change(message.conversation, message.id, (known) => ({ ...message, reactions: this.#reactions(message.reactions, known.reactions) }));
  }

  _message_deleted({ conversation, message_id, sequence }, c) {
    const wasUnread = c && sequence > (this.mine(c)?.read_sequence ?? 0) && c.unread_count > 0;
    this.#change(conversation, message_id, () => ({ deleted: true, content: "", attachments: [], reactions: [], metadata: {} }));
    for (const place of this.#places(conversation)) {
      for (const [id, message] of place.messages) {
        if (message.reply_to?.id !== message_id) continue;
        place.messages.set(id, { ...message, reply_to: { ...message.reply_to, excerpt: "" } });
      }
    }
    if (wasUnread) this.#recount(c);
  }

  _reaction({ conversation, message_id, emoji, user, added, reactions }) {
    this.#change(conversation, message_id, (known) => ({
      reactions: this.#reactions(reactions, known.reactions).map((reaction) =>
        user === this.me.id && reaction.emoji === emoji ? { ...reaction, mine: added } : reaction,
      ),
    }));
  }

  // How the files of a message stand: what was looked at stays so, whichever answer comes first.
  async lookAtFiles({ conversation, id }) {
    const { attachments } = await call("GET", `chat/conversations/${conversation}/messages/${id}/`);
    const settled = new Map(attachments.filter(({ state }) => state !== "pending").map((file) => [file.id, file]));
    this.#change(conversation, id, (known) => ({ attachments: known.attachments.map((file) => settled.get(file.id) ?? file) }));
  }

  react(conversation, id, reactions) {
    this.#change(conversation, id, () => ({ reactions }));
  }

  _read_receipt({ user, sequence }, c) {
    const reader = c?.participants.find((p) => p.id === user);
    if (!reader) return;
    reader.read_sequence = Math.max(reader.read_sequence, sequence);
    if (user === this.me.id) this.read(c, sequence);
    this.touch("thread");
  }

  _typing_indicator({ conversation, user, is_typing }) {
    if (user !== this.me.id) this.#types(conversation, user, is_typing);
  }

  _resumed({ to }, c) {
    if (!c) return;
    c.held = Math.max(c.held, to);
    this.#close(c);
  }

  async _reload(_frame, c) {
    const affected = c ? [c.id] : [...this.conversations.keys()];
    if (c) await this.refresh(c.id);
    else await this.load();
    for (const id of affected) {
      const known = this.conversations.get(id);
      if (known) known.held = known.last_sequence;
      this.windows.delete(id);
    }
    this.dispatchEvent(new CustomEvent("reload", { detail: affected }));
  }

  _heartbeat({ sequences = {} }) {
    for (const [id, sequence] of Object.entries(sequences)) {
      const c = this.conversations.get(id);
      if (c && sequence > c.held) this.#suspect(c);
    }
  }

  _conversation_added({ details }) {
    this.keep(details);
  }

  _member_added({ user, role }, c) {
    if (!c || c.participants.some((p) => p.id === user.id)) return;
    c.participants = [...c.participants, { ...user, role, read_sequence: 0 }];
    this.touch("people", "thread");
  }

  _member_removed({ user, conversation }, c) {
    if (user === this.me.id) {
      if (c) this.dispatchEvent(new CustomEvent("gone", { detail: { conversation, name: this.nameOf(c), why: "removed" } }));
      this.drop(conversation);
    } else if (c) {
      c.participants = c.participants.filter((p) => p.id !== user);
      this.touch("people", "thread");
    }
  }

  _conversation_updated({ conversation, changes }, c) {
    if (!c) return;
    if (changes.ended) {
      if (this.owns(c)) this.ended.set(c.id, { ...c, ended_at: new Date().toISOString() });
      this.dispatchEvent(new CustomEvent("gone", { detail: { conversation, name: this.nameOf(c), why: "ended" } }));
      this.drop(conversation);
      return;
    }
    if (changes.hidden) {
      this.drop(conversation);
      return;
    }
    if (changes.notifications) Object.assign(c, { notifications: changes.notifications, muted: changes.notifications === "none" });
    if (changes.name) c.name = changes.name;
    if (changes.history) c.history = changes.history;
    for (const [id, role] of Object.entries(changes.roles ?? {})) {
      c.participants = c.participants.map((p) => (p.id === id ? { ...p, role } : p));
    }
    this.touch("list", "people", "thread");
  }

  _presence_snapshot({ users }) {
    this.presence = new Map(users.map(({ user, state }) => [user, { state }]));
    this.touch("list", "people");
  }

  _presence({ user, state, last_seen }) {
    this.presence.set(user, { state, last_seen });
    this.touch("list", "people");
  }

  stateOf(id) {
    return this.presence.get(id)?.state ?? "offline";
  }
}
