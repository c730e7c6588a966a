// This browser's push subscription, and for whom it was made.
import { call } from "../lyceum/js/api.js";

const PERSON = "push-person";

export const known = () => localStorage.getItem(PERSON);

export async function subscription() {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

export async function tellServer(found) {
  const { endpoint, keys } = found.toJSON();
  return call("POST", "notifications/push/devices/", { endpoint, keys });
}

export async function remember() {
  localStorage.setItem(PERSON, (await call("GET", "auth/me/")).id);
}

export function forget() {
  localStorage.removeItem(PERSON);
}
