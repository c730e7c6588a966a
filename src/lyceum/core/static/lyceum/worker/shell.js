// The part of the service worker that keeps the pages' shell: style, modules and two pages that belong to nobody.
// `SHELL` comes with the script: {version, files, pages, offline}. Nothing of the API is kept here, and no page of a
// person: what is theirs is in their own store (here.js). Names hold their content's hash, so a new version takes over
// at once: pages of the one before have their modules already, and the server still knows the old names.
// An app hooks in by `core.service_worker.add_part("app/part.js")`, a classic script with listeners of its own.
{
  const NAME = `lyceum-shell-${SHELL.version}`;
  const PATIENCE_MS = 8000;
  const FILES = new Set(SHELL.files);
  const AWAY = new Set([502, 504]);

  async function keep() {
    const cache = await caches.open(NAME);
    // Asked without cookies: the same for everybody.
    const pages = [SHELL.offline, ...Object.values(SHELL.pages)].map((page) => new Request(page, { credentials: "omit", cache: "no-store" }));
    await cache.addAll([...SHELL.files, ...pages]);
    await self.skipWaiting();
  }

  async function takeOver() {
    for (const name of await caches.keys()) if (name.startsWith("lyceum-shell-") && name !== NAME) await caches.delete(name);
    await self.clients.claim();
  }

  async function stored(request) {
    const found = await (await caches.open(NAME)).match(request);
    return found ?? fetch(request);
  }

  async function shellOf(path) {
    const page = Object.entries(SHELL.pages).find(([beginning]) => path.startsWith(beginning))?.[1];
    const mine = (page || path === "/") && (await lyceumHere.person().catch(() => null));
    const cache = await caches.open(NAME);
    return (await cache.match(mine ? (page ?? Object.values(SHELL.pages)[0]) : SHELL.offline)) ?? Response.error();
  }

  const tooLong = () => new Promise((_, reject) => setTimeout(() => reject(new Error("too slow")), PATIENCE_MS));

  async function navigate({ request }) {
    const path = new URL(request.url).pathname;
    try {
      const asked = fetch(request);
      const answer = await (request.method === "GET" ? Promise.race([asked, tooLong()]) : asked);
      if (request.method === "GET" && AWAY.has(answer.status)) return shellOf(path);
      // This page is shown to who is not signed in, or no longer.
      if (path === "/sign-in/" && answer.status === 200) await lyceumHere.forget().catch(() => {});
      return answer;
    } catch {
      return shellOf(path);
    }
  }

  self.addEventListener("install", (event) => event.waitUntil(keep()));
  self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
  self.addEventListener("fetch", (event) => {
    const { request } = event;
    const { origin, pathname } = new URL(request.url);
    if (origin !== self.location.origin) return;
    if (request.mode === "navigate") event.respondWith(navigate(event));
    else if (request.method === "GET" && FILES.has(pathname)) event.respondWith(stored(request));
  });
}
