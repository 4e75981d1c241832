// @ts-check
// What a test has started and not ended, because it failed, ends with its suite.

/** @type {Set<() => unknown>} */
const open = new Set();

/**
 * @param {() => unknown} end
 * @returns {() => void} forget
 */
export function remember(end) {
  open.add(end);
  return () => open.delete(end);
}

export async function endAll() {
  for (const end of [...open].reverse()) await end();
  open.clear();
}
