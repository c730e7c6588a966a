// How long messages stay, in words.
import { me } from "./me.js";

const isFleeting = ({ retention }) => retention === "ephemeral";

export const keptShort = (c) => (isFleeting(c) ? `each message gone after ${me.ephemeral_hours} hours` : "kept permanently");
export const keptWords = (c) =>
  isFleeting(c) ? `Each message is gone ${me.ephemeral_hours} hours after it was sent.` : "Messages are kept until somebody deletes them.";
