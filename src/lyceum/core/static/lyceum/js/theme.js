// Light, dark or as the system: at once here, and by a cookie on every page that the server renders.
const YEAR = 365 * 24 * 3600;

export function remember(name, value) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  const age = value ? YEAR : 0;
  document.cookie = `${name}=${value}; path=/; max-age=${age}; samesite=lax${secure}`;
}

function show(theme) {
  const root = document.documentElement;
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  document.querySelector("meta[name=color-scheme]").content = theme || "light dark";
  for (const button of document.querySelectorAll("[data-themes] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
  document.dispatchEvent(new CustomEvent("lyceum:theme", { detail: { theme } }));
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-themes]")) return;
  event.preventDefault();
  const theme = event.submitter?.value || "";
  remember("theme", theme);
  show(theme);
});
