// @ts-check
// The rooms of this page: the one that is open, those that are pinned, and those that were open before. A room is
// connected only while it is open or pinned, or has something to send.

import { Conversation } from "./conversation.js";
import { roomURL } from "./room.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("../../recado.types.d.ts").Room} Room */
/** @typedef {{name: string, pinned: boolean}} Known */

const MAX_KNOWN = 30;
const MAX_PINNED = 12;
const HISTORY = 100;
const SWEEP_MS = 5000;

export class Rooms {
  /** @type {Map<string, Conversation>} that have a connection, by name */ open = new Map();
  /** @type {Known[]} */ known = [];
  /** @type {Conversation} */ current;
  #connect;
  #kept;
  #session;
  #base;
  #hear;

  /**
   * @param {(url: string, options: import("../../recado.types.d.ts").Options) => Room} connect
   * @param {Store} kept what the browser remembers
   * @param {Store} session what this tab remembers
   * @param {{base: string, first: string, hear: (conversation: Conversation, ...change: Parameters<import("./conversation.js").Hear>) => void}} page
   */
  constructor(connect, kept, session, { base, first, hear }) {
    this.#connect = connect;
    this.#kept = kept;
    this.#session = session;
    this.#base = base;
    this.#hear = hear;
    this.known = readKnown(kept.get("rooms"));
    this.current = this.enter(first);
    for (const { name, pinned } of this.known) if (pinned) this.#join(name);
    setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** Opens a room. @param {string} name */
  enter(name) {
    const before = this.current;
    this.current = this.#join(name);
    if (!this.known.some((room) => room.name === name)) this.known.push({ name, pinned: false });
    while (this.known.length > MAX_KNOWN) {
      const victim = this.known.findIndex((room) => !room.pinned && room.name !== name);
      if (victim < 0) break;
      this.known.splice(victim, 1);
    }
    if (before && before !== this.current) this.#leaveUnlessNeeded(before);
    this.#remember();
    return this.current;
  }

  /** Keeps a room connected, or lets go of it; false when too many are. @param {string} name @param {boolean} pinned */
  pin(name, pinned) {
    if (pinned && this.known.filter((room) => room.pinned).length >= MAX_PINNED) return false;
    this.known = this.known.map((room) => (room.name === name ? { name, pinned } : room));
    const conversation = this.open.get(name);
    if (pinned) this.#join(name);
    else if (conversation) this.#leaveUnlessNeeded(conversation);
    this.#remember();
    return true;
  }

  /** @param {string} name */
  isPinned(name) {
    return this.known.some((room) => room.name === name && room.pinned);
  }

  /** Takes a room off the list; not the one that is open. @param {string} name */
  forget(name) {
    this.pin(name, false);
    this.known = this.known.filter((room) => room.name !== name);
    this.#remember();
  }

  /** @param {string} name under which the others see this person */
  rename(name) {
    this.#kept.set("name", name);
    for (const { room } of this.open.values()) room.rename(name);
  }

  /** Notes where everything is, for when the page is loaded again. */
  save() {
    for (const conversation of this.open.values()) this.#saveSeen(conversation);
  }

  /** Notes what people have seen of it. @param {Conversation} conversation */
  #saveSeen({ name, lastSeen }) {
    if (lastSeen) this.#kept.set(`seen:${name}`, lastSeen);
  }

  /** @param {string} name */
  #join(name) {
    const known = this.open.get(name);
    if (known) return known;
    const room = this.#connect(roomURL(name, this.#base), {
      name: this.#kept.get("name") || undefined,
      session: this.#session.get(`session:${name}`) || undefined,
      token: this.#session.get("token") || undefined,
      history: HISTORY,
    });
    /** @type {Conversation} */
    const conversation = new Conversation(
      name,
      room,
      (change, item) => {
        if (change === "state" && room.session) this.#session.set(`session:${name}`, room.session);
        this.#hear(conversation, change, item);
      },
      this.#kept.get(`seen:${name}`),
    );
    this.open.set(name, conversation);
    return conversation;
  }

  /** @param {Conversation} conversation */
  #leaveUnlessNeeded(conversation) {
    const { name, room, outbox } = conversation;
    if (conversation === this.current || this.isPinned(name) || outbox.size > 0) return;
    this.#saveSeen(conversation);
    this.open.delete(name);
    room.close();
  }

  #sweep() {
    for (const conversation of this.open.values()) this.#leaveUnlessNeeded(conversation);
  }

  #remember() {
    this.#kept.set("rooms", JSON.stringify(this.known));
  }
}

/** @param {string} text @returns {Known[]} what was remembered; nobody knows what others have put there */
function readKnown(text) {
  try {
    const known = JSON.parse(text || "[]");
    return known
      .filter((/** @type {any} */ room) => typeof room?.name === "string" && room.name !== "")
      .slice(0, MAX_KNOWN)
      .map((/** @type {any} */ { name, pinned }) => ({ name, pinned: pinned === true }));
  } catch {
    return [];
  }
}
