// Passkeys between the API, which speaks JSON, and the browser, which speaks bytes.
import { call } from "../lyceum/js/api.js";

export const isHere = () => Boolean(window.PublicKeyCredential && navigator.credentials);

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

function credential(made, response) {
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    clientExtensionResults: made.getClientExtensionResults(),
    response: { clientDataJSON: text(made.response.clientDataJSON), ...response },
  };
}

// Makes a passkey and adds it to the account; returns it as the API tells of it.
export async function add() {
  const { state, public_key: options } = await call("POST", "auth/passkeys/options/");
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: known(options.excludeCredentials),
    },
  });
  const response = {
    attestationObject: text(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
  };
  return call("POST", "auth/passkeys/", { state, credential: credential(made, response) });
}

// Answers a challenge of one of the doors `login` and `confirm` with a passkey that the person chooses.
export async function enter(door, { signal, mediation } = {}) {
  const { state, public_key: options } = await call("POST", `auth/passkeys/${door}/options/`);
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: known(options.allowCredentials),
  };
  const made = await navigator.credentials.get({ publicKey, signal, mediation });
  const { authenticatorData, signature, userHandle } = made.response;
  const response = {
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    ...(userHandle && { userHandle: text(userHandle) }),
  };
  return call("POST", `auth/passkeys/${door}/`, { state, credential: credential(made, response) });
}

// What to say of what went wrong; nothing for a person who changed their mind.
export function words(error) {
  if (error.name === "NotAllowedError" || error.name === "AbortError") return "";
  if (error.name === "InvalidStateError") return "This device has a passkey for your account already.";
  return error.message;
}
