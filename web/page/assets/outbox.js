// @ts-check
// Own messages on their way: kept while there is no connection, handed to it when there is.
// It knows no DOM and no socket. The plain protocol acknowledges nothing, so that "sent" means handed to an open
// connection, and what was handed over just before that broke is "unsure".

export const MAX_WAITING = 50;
export const MAX_AGE_MS = 10 * 60_000;
export const DOUBT_MS = 10_000; // how long before a break a message may have been lost with it
export const DOUBT_CLEAN_MS = 1_000; // the same when the server took its leave
const SMALL = 1024; // bytes that any server takes

/** @typedef {"waiting" | "sent" | "unsure" | "expired" | "too_big" | "discarded"} Mark */

/**
 * @typedef {object} Entry an own message
 * @property {string} text
 * @property {number} bytes of its UTF-8 form
 * @property {Mark} mark
 * @property {number} at when it was written, in ms
 * @property {number} handedAt when the connection got it
 * @property {number} end how many bytes that connection had got then
 */

/**
 * @typedef {object} Channel an open connection
 * @property {(text: string) => boolean} send
 * @property {number} buffered
 */

const utf8 = new TextEncoder();

/** @param {string} text */
export function byteLength(text) {
  return utf8.encode(text).length;
}

export class Outbox {
  #now;
  #changed;
  /** @type {Entry[]} */
  #waiting = [];
  /** @type {Entry[]} what the connection got lately, oldest first */
  #handed = [];
  /** @type {Channel | null} */
  #channel = null;
  #total = 0;
  #heardAt = 0;
  #limit = Number.POSITIVE_INFINITY;

  /**
   * @param {(entry: Entry) => void} changed is told each new mark
   * @param {() => number} [now]
   */
  constructor(changed, now = () => Date.now()) {
    this.#changed = changed;
    this.#now = now;
  }

  /** How many messages wait for a connection. */
  get size() {
    return this.#waiting.length;
  }

  /**
   * Whether the server may take a message of this size. Until it has refused one, any.
   * @param {number} bytes
   */
  fits(bytes) {
    return bytes <= this.#limit;
  }

  /**
   * Takes a new message and sends it if it can; null when too many wait already.
   * @param {string} text
   * @returns {Entry | null}
   */
  add(text) {
    if (this.#waiting.length >= MAX_WAITING) return null;
    /** @type {Entry} */
    const entry = { text, bytes: byteLength(text), mark: "waiting", at: this.#now(), handedAt: 0, end: 0 };
    this.#waiting.push(entry);
    this.#flush();
    return entry;
  }

  /**
   * Sends what waits and returns how many that were.
   * @param {Channel} channel
   */
  connected(channel) {
    this.#channel = channel;
    this.#handed = [];
    this.#total = 0;
    return this.#flush();
  }

  /** Notes that the server was heard: what it was given before has probably arrived. */
  heard() {
    this.#heardAt = this.#now();
  }

  /**
   * Sorts what the ended connection had got: what never left waits again.
   * @param {import("./socket.js").Ending} ending
   */
  disconnected({ code, clean, buffered }) {
    const left = this.#total - buffered;
    const doubtful = Math.max(this.#heardAt, this.#now() - (clean ? DOUBT_CLEAN_MS : DOUBT_MS));
    const big = code === 1009 ? this.#handed.filter((entry) => entry.bytes > SMALL) : [];
    const refused = code === 1009 ? largest(this.#handed) : null;
    const read = refused && big.length === 1 ? refused.end : 0; // with more than one it is a guess which was refused
    const again = [];
    for (const entry of this.#handed) {
      if (entry === refused) {
        this.#limit = Math.min(this.#limit, entry.bytes - 1);
        this.#mark(entry, "too_big");
      } else if (entry.end > left || (refused && entry.end > refused.end)) {
        again.push(entry); // not whole on the wire, or behind the message at which the server stopped reading
        this.#mark(entry, "waiting");
      } else if (entry.end > read && entry.handedAt >= doubtful) {
        this.#mark(entry, "unsure");
      }
    }
    this.#channel = null;
    this.#handed = [];
    this.#waiting.unshift(...again);
  }

  /** Gives up what has waited for too long. */
  expire() {
    const oldest = this.#now() - MAX_AGE_MS;
    const late = this.#waiting.filter((entry) => entry.at < oldest);
    this.#waiting = this.#waiting.filter((entry) => entry.at >= oldest);
    for (const entry of late) this.#mark(entry, "expired");
  }

  /** @param {Entry} entry */
  discard(entry) {
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    this.#mark(entry, "discarded");
  }

  discardAll() {
    for (const entry of this.#waiting) this.discard(entry);
  }

  #flush() {
    if (!this.#channel) return 0;
    this.expire();
    let sent = 0;
    for (const entry of this.#waiting) {
      if (!this.#channel.send(entry.text)) break;
      sent++;
      this.#total += entry.bytes;
      entry.end = this.#total;
      entry.handedAt = this.#now();
      this.#handed.push(entry);
      this.#mark(entry, "sent");
    }
    this.#waiting = this.#waiting.slice(sent);
    this.#forget(this.#total - this.#channel.buffered);
    return sent;
  }

  /**
   * Lets go of what a break could no longer put in doubt.
   * @param {number} left bytes that have left
   */
  #forget(left) {
    const settled = this.#now() - DOUBT_MS;
    this.#handed = this.#handed.filter((entry) => entry.end > left || entry.handedAt >= settled);
  }

  /**
   * @param {Entry} entry
   * @param {Mark} mark
   */
  #mark(entry, mark) {
    entry.mark = mark;
    this.#changed(entry);
  }
}

/** @param {Entry[]} entries */
function largest(entries) {
  return entries.reduce((a, b) => (a && a.bytes >= b.bytes ? a : b), /** @type {Entry | null} */ (null));
}
