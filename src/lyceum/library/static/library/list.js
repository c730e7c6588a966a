// Books in a list by keys: J and K go to the next and the one before, Enter opens it as a link does.
import { lettersAreOn, takesLetters } from "../lyceum/js/keys.js";

const links = () => [...document.querySelectorAll(".books h3 a, .shelf h3 a")];

function step(by) {
  const all = links();
  const here = all.indexOf(document.activeElement);
  const next = here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by;
  all[next]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || takesLetters(event.target) || !lettersAreOn()) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
});
