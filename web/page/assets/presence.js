// @ts-check
// Who came and who went, condensed: one line of the log says it for many. It knows no DOM.

/** @typedef {import("../../recado.types.d.ts").Member} Member */

/**
 * @typedef {object} Presence an item of the log
 * @property {"presence"} kind
 * @property {number} at
 * @property {Map<string, string>} joined names by member id
 * @property {Map<string, string>} left
 * @property {number} more how many came and went that are not named
 */

export const MAX_NAMES = 100; // of one line; the others are counted

/**
 * @param {number} at
 * @returns {Presence}
 */
export function presence(at) {
  return { kind: "presence", at, joined: new Map(), left: new Map(), more: 0 };
}

/**
 * Notes that somebody came or went. Who did both is not worth a word.
 * @param {Presence} line
 * @param {"join" | "leave"} change
 * @param {Member} member
 */
export function note(line, change, { id, name }) {
  const [here, there] = change === "join" ? [line.joined, line.left] : [line.left, line.joined];
  if (there.delete(id)) return;
  if (here.size < MAX_NAMES) here.set(id, name);
  else line.more++;
}

/** @param {Presence} line */
export function isEmpty(line) {
  return line.joined.size + line.left.size + line.more === 0;
}
