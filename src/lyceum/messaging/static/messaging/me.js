// The person whose page this is, as the server wrote it; in the shell of nobody, who was here last.
import "../lyceum/worker/here.js";

const here = globalThis.lyceumHere;
const written = JSON.parse(document.getElementById("me").textContent);

export const isShell = written === null;
export const me = written ?? (await here.person().catch(() => null)) ?? { id: "", name: "" };

if (written) await here.admit(written).catch(() => {});
