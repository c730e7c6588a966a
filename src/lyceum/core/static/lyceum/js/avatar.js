// Initials and colour of somebody without a picture, as the server's templates show them (`lyceum` template tags).
export function initials(name) {
  const words = name.trim().split(/\s+/);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => [...word][0] || "").join("").toUpperCase();
}

export function tone(id) {
  return String((parseInt(id.at(-1), 16) % 4) + 1);
}

// Fills an `.avatar` for a person or a group: the picture where there is one, else the initials.
export function paint(element, { id, name, avatar }) {
  element.dataset.tone = tone(id);
  element.textContent = initials(name);
  if (!avatar) return;
  const picture = new Image();
  picture.alt = "";
  picture.src = avatar;
  element.append(picture);
}
