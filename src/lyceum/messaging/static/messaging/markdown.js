// A safe subset of Markdown, built as DOM nodes: text never becomes HTML, and only web and mail addresses become links.
const INLINE = new RegExp(
  [
    "(?<code>`+)(?<codeText>[^\\n]+?)\\k<code>(?!`)",
    "\\[(?<label>[^\\]\\n]+)\\]\\((?<target>(?:https?:\\/\\/|mailto:)[^\\s)]+)\\)",
    "\\*\\*(?<bold>\\S(?:[^\\n]*?\\S)?)\\*\\*",
    "~~(?<gone>\\S(?:[^\\n]*?\\S)?)~~",
    "(?<![\\p{L}\\p{N}_])_(?<italic>[^\\s_](?:[^\\n_]*?[^\\s_])?)_(?![\\p{L}\\p{N}_])",
    "(?<![\\p{L}\\p{N}*])\\*(?<slanted>[^\\s*](?:[^\\n*]*?[^\\s*])?)\\*(?![\\p{L}\\p{N}*])",
    "(?<url>https?:\\/\\/[^\\s<>\"'`]+)",
    "(?<mail>[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+)",
  ].join("|"),
  "gu",
);
// Nested deeper, signs stay signs: a browser has an end, and so has a reader.
const DEEPEST = 8;
const ENDS = /[.,:;!?*_~]+$/;

function link(address, text) {
  const node = document.createElement("a");
  const url = new URL(address);
  if (!["http:", "https:", "mailto:"].includes(url.protocol)) return text;
  Object.assign(node, { href: url.href, rel: "noopener noreferrer", target: "_blank" });
  node.append(text);
  return node;
}

function wrap(name, text, words, depth) {
  const node = document.createElement(name);
  if (depth < DEEPEST) inline(text, node, words, depth + 1);
  else words(text, node);
  return node;
}

// An address that ends a sentence or stands in brackets leaves them outside.
function trimmed(url) {
  let address = url.replace(ENDS, "");
  while (address.endsWith(")") && !address.includes("(")) address = address.slice(0, -1).replace(ENDS, "");
  return address;
}

function marked({ codeText, label, target, bold, gone, italic, slanted, url, mail }, words, depth) {
  if (codeText !== undefined) return Object.assign(document.createElement("code"), { textContent: codeText.trim() || codeText });
  if (bold) return wrap("strong", bold, words, depth);
  if (gone) return wrap("del", gone, words, depth);
  if (italic || slanted) return wrap("em", italic || slanted, words, depth);
  try {
    return target ? link(target, label) : link(url ? url : `mailto:${mail}`, url ?? mail);
  } catch {
    return label ?? url ?? mail;
  }
}

function inline(text, parent, words, depth = 0) {
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    words(text.slice(at, match.index), parent);
    let length = match[0].length;
    const groups = { ...match.groups };
    if (groups.url) length = (groups.url = trimmed(groups.url)).length;
    at = match.index + length;
    parent.append(marked(groups, words, depth));
  }
  words(text.slice(at), parent);
}

function lines(rows, parent, words) {
  rows.forEach((row, index) => {
    if (index) parent.append(document.createElement("br"));
    inline(row, parent, words);
  });
  return parent;
}

const KINDS = [
  ["fence", /^\s{0,3}```/],
  ["quote", /^\s{0,3}>\s?/],
  ["bullets", /^\s{0,3}[-*•]\s+/],
  ["numbers", /^\s{0,3}\d{1,9}[.)]\s+/],
  ["blank", /^\s*$/],
];
const kindOf = (row) => KINDS.find(([, shape]) => shape.test(row))?.[0] ?? "text";

function list(name, rows, shape, words) {
  const node = document.createElement(name);
  if (name === "ol") {
    const start = parseInt(rows[0], 10);
    if (start !== 1) node.start = start;
  }
  for (const row of rows) {
    const item = document.createElement("li");
    inline(row.replace(shape, ""), item, words);
    node.append(item);
  }
  return node;
}

function fence(rows) {
  const pre = document.createElement("pre");
  const code = document.createElement("code");
  code.textContent = rows.join("\n");
  // A long line scrolls, so the keyboard must reach it.
  pre.tabIndex = 0;
  pre.append(code);
  return pre;
}

// `words(text, parent)` appends plain text; the page marks the names of people in it.
export function render(text, parent, words = (plain, at) => at.append(plain), depth = 0) {
  const rows = text.split("\n");
  while (rows.length) {
    const kind = kindOf(rows[0]);
    if (kind === "fence") {
      rows.shift();
      const end = rows.findIndex((row) => kindOf(row) === "fence");
      parent.append(fence(rows.splice(0, end < 0 ? rows.length : end)));
      rows.shift();
      continue;
    }
    let end = rows.findIndex((row) => kindOf(row) !== kind);
    if (end < 0) end = rows.length;
    const block = rows.splice(0, end);
    const shape = KINDS.find(([name]) => name === kind)?.[1];
    if (kind === "quote" && depth < DEEPEST) {
      const quote = document.createElement("blockquote");
      render(block.map((row) => row.replace(shape, "")).join("\n"), quote, words, depth + 1);
      parent.append(quote);
    } else if (kind === "bullets") parent.append(list("ul", block, shape, words));
    else if (kind === "numbers") parent.append(list("ol", block, shape, words));
    else if (kind === "text" || kind === "quote") parent.append(lines(block, document.createElement("p"), words));
  }
}
