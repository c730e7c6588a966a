// Keeps what is unread true on every page but Talk, which counts by itself.
import { call } from "../lyceum/js/api.js";
import { Connection } from "./socket.js";
import { showUnread } from "./unread.js";

// One question for all that comes at once.
const PATIENCE_MS = 400;
const MOVES = ["message", "message_deleted", "read_receipt", "reload", "conversation_added", "conversation_updated", "member_removed"];

let later = 0;

async function ask() {
  later = 0;
  try {
    showUnread((await call("GET", "chat/unread/")).unread_count);
  } catch {
    // The next thing that happens asks again.
  }
}

function askSoon() {
  later ||= setTimeout(ask, PATIENCE_MS);
}

function start() {
  const connection = new Connection(() => []);
  connection.addEventListener("frame", ({ detail: { type } }) => {
    if (type === "connection_established") {
      connection.send({ type: "presence", state: document.hidden ? "away" : "online" });
      ask();
    } else if (MOVES.includes(type)) askSoon();
  });
  document.addEventListener("visibilitychange", () => connection.send({ type: "presence", state: document.hidden ? "away" : "online" }));
  connection.open();
}

if (!location.pathname.startsWith("/talk/")) start();
