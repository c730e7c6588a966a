// The person whose page this is, as the server wrote it.
export const me = JSON.parse(document.getElementById("me").textContent);
