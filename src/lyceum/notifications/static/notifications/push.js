// Turns notifications on and off in this browser, and says how they stand.
import { call, Problem } from "../lyceum/js/api.js";
import { toast } from "../lyceum/js/toast.js";
import { forget, remember, subscription, tellServer } from "./subscription.js";

const box = document.getElementById("push-here");
const part = (name) => box.querySelector(`[data-part=${name}]`);
const isAble = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

async function subscribe() {
  await navigator.serviceWorker.register("/service-worker.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  const { public_key } = await call("GET", "notifications/push/key/");
  const options = { userVisibleOnly: true, applicationServerKey: bytes(public_key) };
  try {
    return await pushManager.subscribe(options);
  } catch (error) {
    if (error.name !== "InvalidStateError") throw error;
    // It was subscribed for a key that the server no longer has.
    await (await pushManager.getSubscription())?.unsubscribe();
    return pushManager.subscribe(options);
  }
}

function draw(state) {
  box.dataset.state = state;
  for (const words of box.querySelectorAll("[data-when]")) words.hidden = !words.dataset.when.split(" ").includes(state);
}

function refresh() {
  return window.htmx.ajax("GET", box.dataset.list, { target: "#devices", swap: "outerMorph" });
}

async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") return look();
  await tellServer(await subscribe());
  await remember();
  await Promise.all([look(), refresh()]);
  part("off").focus();
  return toast(box.dataset.toldOn);
}

async function turnOff() {
  const found = await subscription();
  if (found) {
    // The server knows a device by its subscription: what is told once more gives its id.
    const { id } = await tellServer(found);
    await call("DELETE", `notifications/push/devices/${id}/`);
    await found.unsubscribe();
  }
  forget();
  await Promise.all([look(), refresh()]);
  part("on").focus();
  return toast(box.dataset.toldOff);
}

// The browser's word alone is not enough: the server forgets a device with its sign-in.
async function isOn() {
  if (Notification.permission !== "granted" || !(await subscription())) return false;
  const { results } = await call("GET", "notifications/push/devices/");
  return results.some(({ current }) => current);
}

async function look() {
  if (!isAble) return draw("unable");
  if (Notification.permission === "denied") return draw("denied");
  return draw((await isOn()) ? "on" : "off");
}

async function act(button, what) {
  button.setAttribute("aria-busy", "true");
  try {
    await what();
  } catch (error) {
    toast(error instanceof Problem ? error.message : box.dataset.toldFailed);
    await look();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

part("on").addEventListener("click", ({ currentTarget }) => act(currentTarget, turnOn));
part("off").addEventListener("click", ({ currentTarget }) => act(currentTarget, turnOff));
look();
