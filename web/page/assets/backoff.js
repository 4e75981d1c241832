// @ts-check
// When to connect again, and when not to. Every client of Recado does the same.

export const BASE_MS = 500;
export const CAP_MS = 30_000;
export const STABLE_MS = 10_000; // a connection that lived this long makes earlier failures forgotten

/**
 * Exponential backoff with full jitter: anything between nothing and the doubled step.
 * @param {number} failures attempts that failed in a row before this wait, at least 1
 * @param {number} random in [0, 1)
 */
export function backoff(failures, random) {
  return Math.round(random * Math.min(CAP_MS, BASE_MS * 2 ** (failures - 1)));
}

/**
 * Whether a close code is an answer and not an accident: connecting again would change nothing.
 * @param {number} code
 */
export function isRefusal(code) {
  return code === 4003 || (code >= 4500 && code <= 4506);
}
