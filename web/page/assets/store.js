// @ts-check
// What the page remembers from one visit to the next. Where the browser forbids that, it remembers until it is closed.

const PREFIX = "recado:";

export class Store {
  /** @type {Storage | null} */
  #storage = null;
  /** @type {Map<string, string>} */
  #memory = new Map();

  /** @param {() => Storage} [open] */
  constructor(open = () => localStorage) {
    try {
      this.#storage = open();
    } catch {
      // The mere mention of localStorage throws where cookies are blocked.
    }
  }

  /**
   * The value under this name, or "".
   * @param {string} name
   */
  get(name) {
    const kept = this.#memory.get(name);
    if (kept !== undefined) return kept;
    try {
      return this.#storage?.getItem(PREFIX + name) ?? "";
    } catch {
      return "";
    }
  }

  /**
   * @param {string} name
   * @param {string} value "" forgets
   */
  set(name, value) {
    this.#memory.delete(name);
    try {
      if (!this.#storage) throw new Error("no storage");
      if (value === "") this.#storage.removeItem(PREFIX + name);
      else this.#storage.setItem(PREFIX + name, value);
    } catch {
      this.#memory.set(name, value); // forbidden or full
    }
  }
}
