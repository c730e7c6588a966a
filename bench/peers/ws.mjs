// Plain `ws` with Redis pub/sub. STORE: none, or batch (inserts of 10 ms).
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import pg from "pg";
import { createClient } from "redis";
import { WebSocketServer } from "ws";

const { PORT, REDIS_SOCKET, REDIS_PASSWORD, PG_HOST, PG_USER, PG_DATABASE, STORE } = process.env;
const publisher = createClient({ password: REDIS_PASSWORD, socket: { path: REDIS_SOCKET } });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);
const pool = new pg.Pool({ host: PG_HOST, user: PG_USER, database: PG_DATABASE, max: 20 });
if (STORE !== "none") {
  await pool.query(`create table if not exists peer_message (
    id uuid primary key, room text not null, content text not null, created_at timestamptz not null)`);
}

const rooms = new Map();
await subscriber.subscribe("peer", (packed) => {
  const { room, from, frame } = JSON.parse(packed);
  for (const socket of rooms.get(room) ?? []) if (socket.id !== from) socket.send(frame);
});

let waiting = [];

async function flush() {
  const batch = waiting;
  waiting = [];
  const columns = ["id", "room", "content", "timestamp"].map((name) => batch.map(({ message }) => message[name]));
  await pool.query("insert into peer_message select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])",
    columns);
  batch.forEach(({ done }) => done());
}

function store(message) {
  if (STORE === "none") return;
  return new Promise((done) => {
    if (waiting.push({ message, done }) === 1) setTimeout(flush, 10);
  });
}

const server = createServer((_, answer) => answer.end("ok"));
new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (socket) => {
  socket.id = randomUUID();
  const sender = { id: randomUUID(), name: "Somebody Tester", kind: "user", avatar: null };
  socket.on("close", () => rooms.forEach((members) => members.delete(socket)));
  socket.on("message", async (data) => {
    const { type, room, text } = JSON.parse(data);
    if (type === "join") {
      if (!rooms.has(room)) rooms.set(room, new Set());
      rooms.get(room).add(socket);
      socket.send('{"type":"joined"}');
      return;
    }
    const message = {
      id: randomUUID(), room, sequence: 1, client_id: null, sender, message_type: "user", content: text,
      timestamp: new Date().toISOString(), reply_to: null, thread: null, attachments: [], reactions: [],
      edited_at: null, deleted: false, metadata: {},
    };
    await store(message);
    const frame = JSON.stringify({ type: "message", message });
    publisher.publish("peer", JSON.stringify({ room, from: socket.id, frame }));
    socket.send(JSON.stringify({ type: "ack", id: message.id, content: text, timestamp: message.timestamp }));
  });
});
server.listen(Number(PORT), "127.0.0.1");
