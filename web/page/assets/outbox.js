// @ts-check
// Own messages on their way. What cannot be sent waits here, where it can still be discarded; what was sent is the
// client's until it is acknowledged. It knows no DOM.

/** @typedef {import("../../recado.types.d.ts").Content} Content */
/** @typedef {import("../../recado.types.d.ts").Ack} Ack */
/** @typedef {"waiting" | "sending" | "sent" | "unsure" | "expired" | "too_big" | "forbidden" | "failed"} Mark */

/**
 * @typedef {object} Entry an own message
 * @property {Content & {ephemeral?: false}} content
 * @property {number} bytes of its UTF-8 form
 * @property {Mark} mark
 * @property {number} at when it was written, in ms
 */

/**
 * @typedef {object} Channel what publishes: a room of recado.js
 * @property {string} state
 * @property {Readonly<Record<string, number>>} limits
 * @property {(content: Content & {ephemeral?: false}) => Promise<Ack>} publish
 */

export const MAX_WAITING = 50;
export const MAX_AGE_MS = 10 * 60_000;
const IN_FLIGHT = 40; // fewer than the client takes: it has questions to ask too
const OPEN = ["connected", "draining"];
/** @type {Record<string, Mark>} */
const ENDINGS = { expired: "expired", uncertain: "unsure", message_too_big: "too_big", room_forbidden: "forbidden" };

const utf8 = new TextEncoder();

/** @param {string} text */
export function byteLength(text) {
  return utf8.encode(text).length;
}

export class Outbox {
  #channel;
  #changed;
  /** @type {Entry[]} */
  #waiting = [];
  #inFlight = 0;

  /**
   * @param {Channel} channel
   * @param {(entry: Entry, ack?: Ack) => void} changed is told each new mark
   */
  constructor(channel, changed) {
    this.#channel = channel;
    this.#changed = changed;
  }

  /** How many messages have no place in the room yet. */
  get size() {
    return this.#waiting.length + this.#inFlight;
  }

  /** How many of them can be discarded. */
  get waiting() {
    return this.#waiting.length;
  }

  /**
   * Whether the server takes a message of this size; before the first connection nobody knows.
   * @param {number} bytes
   */
  fits(bytes) {
    return !(bytes > (this.#channel.limits.message_bytes ?? Number.POSITIVE_INFINITY));
  }

  /**
   * Takes a new message and sends it if it can; null when too many wait already.
   * @param {string} text
   * @param {string} [event]
   * @returns {Entry | null}
   */
  add(text, event) {
    if (this.#waiting.length >= MAX_WAITING) return null;
    /** @type {Entry} */
    const entry = { content: { text, event }, bytes: byteLength(text), mark: "waiting", at: Date.now() };
    this.#waiting.push(entry);
    queueMicrotask(() => this.flush()); // the caller shows it first
    return entry;
  }

  /** Hands over what waits, as far as there is a connection for it. */
  flush() {
    this.expire();
    while (OPEN.includes(this.#channel.state) && this.#inFlight < IN_FLIGHT) {
      const entry = this.#waiting.shift();
      if (!entry) break;
      this.#mark(entry, "sending");
      this.#inFlight++;
      this.#channel
        .publish(entry.content)
        .then(
          (ack) => this.#settle(entry, "sent", ack),
          (error) => this.#settle(entry, ENDINGS[error?.code] ?? "failed"),
        )
        .then(() => this.flush());
    }
  }

  /** Gives up what has waited for too long. */
  expire() {
    const oldest = Date.now() - MAX_AGE_MS;
    while (this.#waiting[0] && this.#waiting[0].at < oldest) {
      const late = this.#waiting.shift();
      if (late) this.#mark(late, "expired");
    }
  }

  /**
   * Forgets a message that waits.
   * @param {Entry} entry
   */
  discard(entry) {
    this.#waiting = this.#waiting.filter((other) => other !== entry);
  }

  /** Forgets all that wait, and returns them. */
  discardAll() {
    return this.#waiting.splice(0);
  }

  /**
   * @param {Entry} entry
   * @param {Mark} mark
   * @param {Ack} [ack]
   */
  #settle(entry, mark, ack) {
    this.#inFlight--;
    this.#mark(entry, mark, ack);
  }

  /**
   * @param {Entry} entry
   * @param {Mark} mark
   * @param {Ack} [ack]
   */
  #mark(entry, mark, ack) {
    entry.mark = mark;
    this.#changed(entry, ack);
  }
}
