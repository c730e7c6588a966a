// Small helpers to build nodes and to bring a list of nodes up to date without touching what stays the same.
const icons = document.getElementById("main").dataset.icons;

export const $ = (id) => document.getElementById(id);

// Makes an element: properties of `attributes` whose value is null or false are left out.
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") node.className = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name, large = false) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", large ? "icon icon-large" : "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${icons}#${name}`);
  svg.append(use);
  return svg;
}

export function iconButton(name, label, attributes = {}) {
  const classes = "button button-quiet button-small button-icon";
  return el("button", { type: "button", class: classes, "aria-label": label, title: label, ...attributes }, icon(name));
}

// Where the focus is inside a node that is about to be drawn anew, by the names that survive.
function focusIn(node) {
  const focused = document.activeElement;
  if (!node.contains(focused)) return null;
  if (focused === node) return (fresh) => fresh;
  for (const name of ["data-act", "data-emoji", "data-link"]) {
    const value = focused.getAttribute(name);
    if (value) return (fresh) => fresh.querySelector(`[${name}="${CSS.escape(value)}"]`) ?? fresh;
  }
  return (fresh) => fresh.querySelector("a, button") ?? fresh;
}

// Brings the children of `parent` to `items`: `{key, state, draw}`. What has the same key and state stays as it is.
export function reconcile(parent, items) {
  const wanted = new Set(items.map(({ key }) => key));
  for (const child of [...parent.children]) if (!wanted.has(child.dataset.key)) child.remove();
  const held = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const { key, state, draw } of items) {
    let node = held.get(key);
    if (node?.state !== state) {
      const fresh = draw();
      fresh.dataset.key = key;
      fresh.state = state;
      if (node) {
        const focus = focusIn(node);
        if (node === place) place = fresh;
        node.replaceWith(fresh);
        focus?.(fresh).focus({ preventScroll: true });
      }
      node = fresh;
    }
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
}

// One polite line for a screen reader, at most one sentence in five seconds.
let saidAt = 0;
let sayLater = 0;

export function say(text) {
  clearTimeout(sayLater);
  const wait = Math.max(0, saidAt + 5000 - Date.now());
  sayLater = setTimeout(() => {
    saidAt = Date.now();
    $("said").textContent = text;
  }, wait);
}
