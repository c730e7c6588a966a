// A Socket.IO server with its Redis adapter. STORE: none, each (an insert per message) or batch (inserts of 10 ms).
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import pg from "pg";
import { createClient } from "redis";
import { Server } from "socket.io";

const { PORT, REDIS_SOCKET, REDIS_PASSWORD, PG_HOST, PG_USER, PG_DATABASE, STORE } = process.env;
const publisher = createClient({ password: REDIS_PASSWORD, socket: { path: REDIS_SOCKET } });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);
const pool = new pg.Pool({ host: PG_HOST, user: PG_USER, database: PG_DATABASE, max: 20 });
if (STORE !== "none") {
  await pool.query(`create table if not exists peer_message (
    id uuid primary key, room text not null, content text not null, created_at timestamptz not null)`);
}

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
  if (STORE === "each") {
    return pool.query("insert into peer_message values ($1, $2, $3, $4)",
      [message.id, message.room, message.content, message.timestamp]);
  }
  return new Promise((done) => {
    if (waiting.push({ message, done }) === 1) setTimeout(flush, 10);
  });
}

const server = createServer((_, answer) => answer.end("ok"));
const io = new Server(server, { adapter: createAdapter(publisher, subscriber), perMessageDeflate: false });
io.on("connection", (socket) => {
  const sender = { id: randomUUID(), name: "Somebody Tester", kind: "user", avatar: null };
  socket.on("join", async (room, done) => {
    await socket.join(room);
    done();
  });
  socket.on("message", async ({ room, text }, done) => {
    const message = {
      id: randomUUID(), room, sequence: 1, client_id: null, sender, message_type: "user", content: text,
      timestamp: new Date().toISOString(), reply_to: null, thread: null, attachments: [], reactions: [],
      edited_at: null, deleted: false, metadata: {},
    };
    await store(message);
    socket.to(room).emit("message", message);
    done({ id: message.id, content: text, timestamp: message.timestamp });
  });
});
server.listen(Number(PORT), "127.0.0.1");
