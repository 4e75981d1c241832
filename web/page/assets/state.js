// @ts-check
// The one state that people are told, of all that is true of a room's connection. Knows no DOM.

/** @typedef {"connecting" | "connected" | "reconnecting" | "offline" | "refused" | "limited" | "behind" | "draining" | "closed"} State */

const HOLD_MS = 500; // the server says it again when it is about to be over: not to be seen flickering

/**
 * @param {{status: {state: string}, limitedUntil: number, gap: unknown}} conversation
 * @param {boolean} online
 * @param {number} now
 * @returns {State}
 */
export function stateOf({ status: { state }, limitedUntil, gap }, online, now) {
  if (state === "offline" || state === "reconnecting") return online ? "reconnecting" : "offline";
  if (state === "connected" && now < limitedUntil + HOLD_MS) return "limited";
  if (state === "connected" && gap) return "behind";
  return /** @type {State} */ (state);
}
