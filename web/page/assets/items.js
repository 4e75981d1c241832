// @ts-check
// What stands in a room's log. Knows no DOM.

/** @typedef {import("../../recado.types.d.ts").Message} Received */
/** @typedef {import("./outbox.js").Entry} Entry */

/**
 * @typedef {object} Said a message
 * @property {"message"} kind
 * @property {number} at when the server took it, in ms
 * @property {{id?: string, name: string}} from
 * @property {boolean} own
 * @property {import("../../recado.types.d.ts").Content} content
 * @property {string} [position]
 * @property {number} [seq]
 * @property {Entry} [entry] of an own message that was written on this page
 */

/**
 * @typedef {object} Gap stored messages that are missing here
 * @property {"gap"} kind
 * @property {number} at
 * @property {string} reason
 * @property {string} position
 * @property {number} [from]
 * @property {number} [to]
 * @property {number} [missed]
 * @property {boolean} lost whether nobody has them any more
 */

/** @typedef {{kind: "notice", at: number, id: string, facts: Record<string, string>}} Notice said by the page itself */
/** @typedef {Said | Gap | Notice | import("./presence.js").Presence} Item */

const GROUP_MS = 5 * 60_000;

/**
 * @param {Received} message
 * @param {boolean} own
 * @returns {Said}
 */
export function said(message, own) {
  const { time, from, position, seq, text, json, bytes, event } = message;
  const at = Date.parse(time) || Date.now();
  return { kind: "message", at, from, own, content: { text, json, bytes, event }, position, seq };
}

/**
 * Whether a message goes on what the one before it began: the same author, soon after.
 * @param {Item} item
 * @param {Item | undefined} before
 */
export function continues(item, before) {
  if (item.kind !== "message" || before?.kind !== "message") return false;
  if (item.own !== before.own || item.content.event === "me" || before.content.event === "me") return false;
  const same = item.own || (item.from.id === before.from.id && item.from.name === before.from.name);
  return same && Math.abs(item.at - before.at) < GROUP_MS;
}

/**
 * What a message says, as text; null for bytes.
 * @param {Said} item
 */
export function textOf({ content }) {
  if (content.bytes) return null;
  return content.text ?? JSON.stringify(content.json, null, 1) ?? "";
}

/** @param {Item} item */
export function weight(item) {
  return item.kind === "message" ? (textOf(item)?.length ?? 0) : 0;
}
