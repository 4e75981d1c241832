// @ts-check
// Every wait of the tests ends: with what was waited for, or with an error that says what did not come.

export const PATIENCE_MS = 15_000;

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {() => string} what
 * @returns {Promise<T>}
 */
export async function within(promise, what) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${PATIENCE_MS} ms in vain for ${what()}`)), PATIENCE_MS);
  });
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}

/** Messages as they come in, for those who wait for them. */
export class Inbox {
  /** @type {string[]} */
  all = [];
  /** @type {Set<() => void>} */
  #waiting = new Set();

  /** @param {string} text */
  push(text) {
    this.all.push(text);
    for (const look of this.#waiting) look();
  }

  /**
   * Resolves when as many messages as these have come.
   * @param {number} count
   */
  async have(count) {
    /** @type {() => void} */
    let look = () => {};
    const enough = new Promise((resolve) => {
      look = () => this.all.length >= count && resolve(undefined);
      this.#waiting.add(look);
      look();
    });
    await within(
      enough,
      () => `${count} messages; there are ${this.all.length}: ${JSON.stringify(this.all).slice(-500)}`,
    );
    this.#waiting.delete(look);
  }
}
