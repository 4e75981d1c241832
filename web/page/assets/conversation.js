// @ts-check
// One room as the page knows it: what was said, who is there, what waits. It knows recado.v1 by recado.js, and no DOM.

import { take } from "./events.js";
import { missing } from "./gaps.js";
import { said, weight } from "./items.js";
import { Outbox } from "./outbox.js";
import { serverNow } from "./times.js";

/** @typedef {import("../../recado.types.d.ts").Room} Room */
/** @typedef {import("../../recado.types.d.ts").Message} Received */
/** @typedef {import("./items.js").Item} Item */
/** @typedef {import("./items.js").Said} Said */
/** @typedef {import("./items.js").Gap} Gap */
/** @typedef {import("./outbox.js").Entry} Entry */
/** @typedef {"added" | "settled" | "removed" | "changed" | "reset" | "people" | "typing" | "state" | "unread"} Change */
/** @typedef {(change: Change, item?: Item) => void} Hear */

export const MAX_ITEMS = 5000;
const MAX_CHARACTERS = 8 * 1024 * 1024; // in all messages together, whatever their number
const PAGE = 100; // messages of earlier history that are asked for at once

export class Conversation {
  /** @type {Item[]} in the room's order */ items = [];
  /** @type {Said[]} own messages without a place yet */ pending = [];
  /** @type {Map<string, {name: string, until: number}>} by member id */ typing = new Map();
  /** @type {Item | null} what has not been seen begins here */ firstUnread = null;
  /** @type {Map<string, {name: string, at: number}>} who has left lately, by member id */ left = new Map();
  unread = 0;
  more = false; // the server has earlier ones
  /** @type {import("../../recado.types.d.ts").Events["state"]} */ status = { type: "state", state: "connecting" };
  since = Date.now(); // it is in that state
  statusAt = Date.now(); // it has said so last
  limitedUntil = 0;
  /** @type {Gap | null} that nobody has dealt with */ gap = null;
  replay = 0; // messages that come before the new ones
  regained = { is: false, sent: 0, received: 0 }; // at the last reconnection
  lastSeen;
  /** @type {Set<string>} the member ids that this page had */ mine = new Set();
  #characters = 0;

  /**
   * @param {string} name
   * @param {Room} room
   * @param {Hear} hear
   * @param {string} [lastSeen] the position up to which everything was seen
   */
  constructor(name, room, hear, lastSeen = "") {
    this.name = name;
    this.room = room;
    this.hear = hear;
    this.lastSeen = lastSeen;
    this.outbox = new Outbox(room, (entry, ack) => this.#marked(entry, ack));
    room.on("*", (event) => take(this, event));
  }

  /**
   * Says something; false when too much waits already.
   * @param {string} text
   * @param {string} [event]
   */
  say(text, event) {
    const entry = this.outbox.add(text, event);
    if (!entry) return false;
    const from = this.room.you ?? { name: "" };
    /** @type {Said} */
    const item = { kind: "message", at: serverNow(), from, own: true, content: entry.content, entry };
    this.pending.push(item);
    this.hear("added", item);
    this.hear("state");
    return true;
  }

  /** @param {Said} item an own message that waits, or was not sent */
  discard(item) {
    if (item.entry) this.outbox.discard(item.entry);
    this.pending = this.pending.filter((other) => other !== item);
    this.hear("removed", item);
    this.hear("state");
  }

  discardAll() {
    const entries = new Set(this.outbox.discardAll());
    for (const item of this.pending) if (item.entry && entries.has(item.entry)) this.discard(item);
  }

  /** Everything that is here has been seen. */
  look() {
    this.lastSeen = this.room.position ?? this.lastSeen;
    if (this.unread === 0) return;
    this.unread = 0;
    this.hear("unread");
  }

  /** Lets go of the line above what was new. */
  settle() {
    if (this.unread === 0) this.firstUnread = null;
  }

  /**
   * Says something in the log that comes from the page itself.
   * @param {string} id of the text
   * @param {Record<string, string>} [facts]
   */
  tell(id, facts = {}) {
    this.add({ kind: "notice", at: Date.now(), id, facts });
  }

  clear() {
    this.items = [];
    this.firstUnread = null;
    this.#characters = 0;
    this.hear("reset");
  }

  /** @param {Item} item that is the newest now */
  add(item) {
    this.#push(item);
    this.hear("added", item);
  }

  /** @param {Item[]} items that come before all others */
  prepend(items) {
    this.items.unshift(...items);
    for (const item of items) this.#characters += weight(item);
  }

  /** @param {Received[]} messages @returns {Said[]} */
  understand = (messages) => messages.map((message) => said(message, this.isOwn(message.from)));

  /** @param {{id?: string}} from */ isOwn({ id }) {
    return id !== undefined && (this.mine.has(id) || id === this.room.you?.id);
  }

  /** Fetches what was said before, and returns how many messages came. */
  async older() {
    const first = this.items.find((item) => item.kind === "message" && item.position);
    const before = first?.kind === "message" ? first.position : this.room.position;
    try {
      const { messages, more } = await this.room.history({ before, limit: PAGE });
      this.more = more;
      this.prepend(this.understand(messages));
      return messages.length;
    } catch {
      return 0; // no connection: the button is still there
    }
  }

  /** Puts what a gap has left out into its place. @param {Gap} gap */
  async fill(gap) {
    const news = await missing(this, gap);
    if (!news) return;
    gap.lost = true;
    if (this.gap === gap) this.gap = null;
    const place = this.items.indexOf(gap);
    if (place >= 0 && news.length > 0) this.items.splice(place, 1, ...news);
    for (const item of news) this.#characters += weight(item);
    this.hear("reset");
    this.hear("state");
  }

  /** @param {Item} item */
  #push(item) {
    this.items.push(item);
    this.#characters += weight(item);
    while (this.items.length > MAX_ITEMS || (this.#characters > MAX_CHARACTERS && this.items.length > 1)) {
      const oldest = this.items.shift();
      if (oldest) this.#characters -= weight(oldest);
      this.more = true;
    }
  }

  /** @param {Entry} entry @param {import("../../recado.types.d.ts").Ack} [ack] */
  #marked(entry, ack) {
    const item = this.pending.find((other) => other.entry === entry);
    if (!item) return;
    if (ack) {
      if (this.regained.is && entry.at < this.since) this.regained.sent++;
      Object.assign(item, { position: ack.position, seq: ack.seq });
      this.pending = this.pending.filter((other) => other !== item);
      this.#push(item);
    }
    this.hear(ack ? "settled" : "changed", item);
    this.hear("state");
  }
}
