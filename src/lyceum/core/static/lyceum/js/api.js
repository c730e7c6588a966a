// Calls of the JSON API: CSRF token, problem documents, and nothing else.

export class Problem extends Error {
  constructor(document) {
    super(document.detail || document.title);
    this.code = document.code;
    this.errors = document.errors || [];
    this.status = document.status;
  }
}

export async function csrfToken() {
  const found = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  if (found) return found[1];
  const answer = await fetch("/api/v1/users/csrf/");
  return (await answer.json()).csrf_token;
}

export async function call(method, path, body) {
  const isFile = body instanceof FormData;
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = await csrfToken();
  if (body !== undefined && !isFile) headers["Content-Type"] = "application/json";
  const answer = await fetch(path.startsWith("/") ? path : `/api/v1/${path}`, {
    method,
    headers,
    body: body === undefined || isFile ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  const data = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Problem(data || { detail: answer.statusText, status: answer.status });
  return data;
}
