// A safe subset of Markdown, built as DOM nodes; text never becomes HTML.
const INLINE = /(`[^`\n]+`)|(\*\*[^*\n]+\*\*)|(_[^_\n]+_)|(https?:\/\/[^\s<>"]+)/g;

function inline(text, parent) {
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    parent.append(text.slice(at, match.index));
    at = match.index + match[0].length;
    const [whole, code, bold, italic, url] = match;
    const node = document.createElement(code ? "code" : bold ? "strong" : italic ? "em" : "a");
    node.textContent = code ? whole.slice(1, -1) : bold ? whole.slice(2, -2) : italic ? whole.slice(1, -1) : whole;
    if (url) Object.assign(node, { href: url, rel: "noopener noreferrer", target: "_blank" });
    parent.append(node);
  }
  parent.append(text.slice(at));
}

export function render(text, parent) {
  parent.replaceChildren();
  for (const block of text.split(/\n{2,}/)) {
    const fence = block.match(/^```\w*\n([\s\S]*?)\n?```$/);
    if (fence) {
      const pre = document.createElement("pre");
      pre.textContent = fence[1];
      parent.append(pre);
      continue;
    }
    const paragraph = document.createElement("p");
    block.split("\n").forEach((line, index) => {
      if (index) paragraph.append(document.createElement("br"));
      inline(line, paragraph);
    });
    parent.append(paragraph);
  }
}
