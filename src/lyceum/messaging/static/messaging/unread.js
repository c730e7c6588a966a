// How much is unread, wherever that is shown: the bar, the dock, the title of the page and the badge of the app.
const MOST = 99;

function draw(link, total) {
  let count = link.querySelector(".count");
  if (!total) return count?.remove();
  if (!count) {
    count = document.createElement("span");
    count.className = "count";
    link.append(count);
  }
  const [before, after] = [", ", " unread"].map((words) => {
    const part = document.createElement("span");
    part.className = "sr";
    part.textContent = words;
    return part;
  });
  return count.replaceChildren(before, total > MOST ? `${MOST}+` : String(total), after);
}

// Browsers may refuse a badge to a page that is not installed.
function badge(total) {
  const set = total ? navigator.setAppBadge?.(total) : navigator.clearAppBadge?.();
  set?.catch(() => {});
}

export function showUnread(total, title = document.title.replace(/^\(\d+\+?\) /, "")) {
  document.title = `${total ? `(${total}) ` : ""}${title}`;
  for (const link of document.querySelectorAll(".bar-nav [data-go=t], .dock a[href='/talk/']")) draw(link, total);
  badge(total);
}
