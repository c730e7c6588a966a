// The part of the service worker that shows what the server tells this device, and leads to it.
{
  const isAt = (client, url) => new URL(client.url).pathname === url;
  const pages = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });

  async function show({ title = "Lyceum", body = "", url = "/talk/", tag, unread }) {
    if (unread !== undefined) await self.navigator.setAppBadge?.(unread).catch(() => {});
    // Whoever looks at it already needs no more.
    if ((await pages()).some((client) => client.focused && isAt(client, url))) return;
    await self.registration.showNotification(title, { body, tag, renotify: Boolean(tag), data: { url } });
  }

  async function lead(url) {
    const open = await pages();
    const there = open.find((client) => isAt(client, url)) ?? open.find((client) => client.url.includes("/talk/")) ?? open[0];
    if (!there) return self.clients.openWindow(url);
    const page = isAt(there, url) ? there : await there.navigate(url).catch(() => null);
    return page ? page.focus() : self.clients.openWindow(url);
  }

  // A browser may change its subscription by itself; the server has to hear of it.
  async function renew(event) {
    const fresh = event.newSubscription ?? (await self.registration.pushManager.subscribe(event.oldSubscription.options));
    const { csrf_token } = await (await fetch("/api/v1/users/csrf/")).json();
    const { endpoint, keys } = fresh.toJSON();
    await fetch("/api/v1/notifications/push/devices/", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf_token },
      body: JSON.stringify({ endpoint, keys }),
    });
  }

  self.addEventListener("push", (event) => event.waitUntil(show(event.data?.json() ?? {})));
  self.addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(lead(event.notification.data?.url ?? "/talk/"));
  });
  self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));
}
