// Messages as an Express application with pg serves them: the token, the membership, then the page with its people.
import { createHash } from "node:crypto";
import express from "express";
import pg from "pg";

const { PORT, PG_HOST, PG_USER, PG_DATABASE } = process.env;
const pool = new pg.Pool({ host: PG_HOST, user: PG_USER, database: PG_DATABASE, max: 20 });
const app = express();
app.disable("x-powered-by");
app.disable("etag");

async function signedIn(request, answer, next) {
  const key = (request.headers.authorization ?? "").replace(/^Bearer /, "");
  const hash = createHash("sha256").update(key).digest("hex");
  const { rows } = await pool.query({
    name: "token",
    text: `select f.user_id from accounts_token t join accounts_tokenfamily f on f.id = t.family_id
      where t.hash = $1 and t.expires_at > now() and f.revoked_at is null`,
    values: [hash],
  });
  if (rows.length === 0) return answer.status(401).json({ error: "sign in first" });
  request.user = rows[0].user_id;
  next();
}

app.get("/rooms/:room/messages", signedIn, async (request, answer) => {
  const { room } = request.params;
  const place = await pool.query({
    name: "place",
    text: "select 1 from messaging_participant where conversation_id = $1 and user_id = $2",
    values: [room, request.user],
  });
  if (place.rows.length === 0) return answer.status(404).json({ error: "no such room" });
  const { rows } = await pool.query({
    name: "messages",
    text: `select m.id, m.conversation_id as conversation, m.sequence, m.client_id, m.message_type, m.content,
        m.created_at as timestamp, m.reply_to_id as reply_to, m.thread_root_id as thread_root, m.edited_at,
        m.deleted_at is not null as deleted, m.metadata, u.id as sender_id, u.first_name, u.last_name
      from messaging_message m left join accounts_user u on u.id = m.sender_id
      where m.conversation_id = $1 order by m.sequence desc limit $2`,
    values: [room, Number(request.query.limit ?? 50)],
  });
  const reactions = await pool.query({
    name: "reactions",
    text: "select message_id, emoji, user_id from messaging_reaction where message_id = any($1)",
    values: [rows.map((row) => row.id)],
  });
  const byMessage = new Map(rows.map((row) => [row.id, []]));
  for (const { message_id, emoji, user_id } of reactions.rows) byMessage.get(message_id).push({ emoji, user: user_id });
  const results = rows.map(({ sender_id, first_name, last_name, ...message }) => ({
    ...message,
    sender: { id: sender_id, name: `${first_name} ${last_name}`, kind: "user", avatar: null },
    attachments: [],
    reactions: byMessage.get(message.id),
  }));
  answer.json({ results: results.reverse() });
});

app.listen(Number(PORT), "127.0.0.1");
