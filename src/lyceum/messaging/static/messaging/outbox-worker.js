// The part of the service worker that sends what waits, when the network is back and no page is open to do it.
{
  const TAG = "lyceum-outbox";
  const API = "/api/v1/";

  async function ask(method, path, body, token) {
    const headers = { Accept: "application/json", "Content-Type": "application/json", ...(token && { "X-CSRFToken": token }) };
    return fetch(API + path, { method, headers, body: body && JSON.stringify(body) });
  }

  // The person of the store, if it is they who are signed in.
  async function whose() {
    const person = await lyceumHere.person();
    if (!person) return null;
    const answer = await ask("GET", "auth/me/");
    if (answer.status === 401) await lyceumHere.forget();
    if (answer.status >= 500) throw new Error("not available");
    return answer.ok && (await answer.json()).id === person.id ? person : null;
  }

  async function send(person, entry, token) {
    const body = { content: entry.content, client_id: entry.client_id, ...(entry.reply_to && { reply_to: entry.reply_to.id }), attachments: (entry.attachments ?? []).map(({ id }) => id) };
    const answer = await ask("POST", `chat/conversations/${entry.conversation}/messages/`, body, token);
    // Later: the browser comes back to it, and nothing overtakes.
    if (answer.status === 429 || answer.status >= 500) throw new Error("not now");
    if (answer.ok) return lyceumHere.remove("outbox", person.id, entry.client_id);
    const problem = await answer.json().catch(() => ({}));
    const reason = problem.errors?.[0]?.detail ?? problem.detail ?? "it was refused";
    return lyceumHere.put("outbox", person.id, entry.client_id, { ...entry, state: "failed", code: problem.code, reason });
  }

  async function sendAll() {
    const open = await self.clients.matchAll({ type: "window" });
    // An open page has its own connection, and sends in its own order.
    if (open.some(({ url }) => new URL(url).pathname.startsWith("/talk/"))) return;
    const person = await whose();
    if (!person) return;
    const { csrf_token } = await (await ask("GET", "users/csrf/")).json();
    const waiting = (await lyceumHere.all("outbox", person.id)).filter(({ state }) => state !== "failed");
    for (const entry of waiting.sort((a, b) => a.timestamp.localeCompare(b.timestamp))) await send(person, entry, csrf_token);
  }

  self.addEventListener("sync", (event) => {
    if (event.tag === TAG) event.waitUntil(sendAll());
  });
}
