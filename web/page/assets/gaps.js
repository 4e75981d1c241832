// @ts-check
// Fetches what a room's log is missing. It knows no DOM.

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("../../recado.types.d.ts").Message} Received */

const PAGES = 5; // that are fetched of one gap

/**
 * What a gap has left out, or null when there is no connection to ask for it.
 * @param {Conversation} conversation
 * @param {import("./items.js").Gap} gap
 */
export async function missing({ room, items, understand }, { position, from = 0, to = 0 }) {
  const epoch = position.slice(0, position.lastIndexOf(".") + 1);
  /** @type {Received[]} */
  let found = [];
  let before = to + 1;
  try {
    for (let i = 0; i < PAGES && before > from; i++) {
      const page = await room.history({ before: `${epoch}${before}` });
      found = [...page.messages, ...found];
      before = page.more ? (page.messages[0]?.seq ?? 0) : 0;
    }
  } catch {
    return null;
  }
  const known = new Set(items.map((item) => (item.kind === "message" ? item.seq : undefined)));
  return understand(found.filter(({ seq = 0 }) => seq >= from && seq <= to && !known.has(seq)));
}
