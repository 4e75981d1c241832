// @ts-check
// The log of the room that is open: the newest few hundred rows unless the reader goes back. It follows the newest
// unless the reader has scrolled away, and says what is new then. It knows no socket.

import { copyAsWritten } from "./copying.js";
import { byId, make } from "./dom.js";
import { MAX_ROWS, Rows } from "./rows.js";

/** @typedef {import("./i18n.js").I18n} I18n */
/** @typedef {import("./items.js").Item} Item */
/** @typedef {import("./conversation.js").Conversation} Conversation */

/**
 * @typedef {object} Actions
 * @property {import("./message.js").Act} act
 * @property {(gap: import("./items.js").Gap) => void} fill
 * @property {() => Promise<number>} older fetches earlier items and says how many came
 * @property {() => void} looked everything that is there has been seen
 */

const PAGE = 100; // rows that come at once when the reader goes back
const NEAR_END = 48; // px; closer than this counts as reading along
const NEAR_START = 300;
const FLUSH_MS = 200; // a hidden page draws no frames

export class Log {
  #i18n;
  #actions;
  /** @type {Conversation | null} */ #shown = null;
  #scroller = byId("log", HTMLElement);
  #empty = byId("empty", HTMLElement);
  #pill = byId("new", HTMLButtonElement);
  #pillText = byId("new-text", HTMLElement);
  #older = make("button", { type: "button", class: "older", click: () => this.goBack() });
  #top = make("li", { class: "line", hidden: true }, this.#older);
  rows;
  /** @type {Item[]} not on the page yet */ #queue = [];
  #following = true;
  #loading = false;
  #news = 0; // how much was new when something was last
  #frame = 0;
  #timer = 0;

  /** @param {I18n} i18n @param {Actions} actions */
  constructor(i18n, actions) {
    this.#i18n = i18n;
    this.#actions = actions;
    this.rows = new Rows(i18n, actions, this.#top);
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#pill.addEventListener("click", () => this.toEnd());
    copyAsWritten(this.#scroller);
    document.addEventListener("visibilitychange", () => this.#look());
    const resized = new ResizeObserver(() => this.#follow());
    resized.observe(this.#scroller);
    resized.observe(byId("messages", HTMLElement));
  }

  /** Whether what comes now is seen at once. */
  get #watching() {
    return this.#following && !document.hidden;
  }

  /** Shows a conversation, or all of it anew. @param {Conversation} conversation */
  show(conversation) {
    const stay = this.#shown === conversation && !this.#following;
    this.#shown = conversation;
    this.#queue = [];
    this.#quietly(() => this.rows.replace(conversation.items.slice(-PAGE), conversation.pending), stay);
    this.rows.divide(conversation.firstUnread);
    if (!stay) this.#toUnread();
    this.#count();
  }

  /** @param {import("./conversation.js").Change} change @param {Item} item of the conversation shown */
  hear(change, item) {
    if (change === "added" && !(item.kind === "message" && item.entry)) return this.#enqueue(item);
    this.#flush();
    if (change === "added") {
      this.rows.addPending(item);
      this.#shown?.settle();
      this.rows.divide(null);
      this.toEnd();
    } else if (change === "settled") this.rows.settle(item);
    else if (change === "removed") this.rows.remove(item);
    else this.rows.update(item);
    this.#count();
  }

  /** Writes everything anew, after a change of language. */
  relabel() {
    this.#older.textContent = this.#i18n.text("page.older");
    this.rows.relabel();
    this.#count();
  }

  toEnd() {
    this.#following = true;
    this.rows.trim(MAX_ROWS);
    this.#follow();
    this.#look();
  }

  /** @param {Item} item */
  #enqueue(item) {
    this.#queue.push(item);
    if (this.#timer) return;
    // A burst is drawn once a frame.
    this.#timer = window.setTimeout(() => this.#flush(), FLUSH_MS);
    this.#frame = requestAnimationFrame(() => this.#flush());
  }

  #flush() {
    window.clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.#timer = 0;
    const added = this.#queue.splice(0);
    if (added.length === 0) return;
    if (this.#following) this.rows.trim(Math.max(0, MAX_ROWS - added.length));
    this.rows.append(added.slice(-MAX_ROWS));
    if (this.#watching) {
      this.#actions.looked();
      this.#shown?.settle();
    }
    this.rows.divide(this.#shown?.firstUnread ?? null);
    if (!this.#following) this.rows.trim(this.#shown?.items.length ?? 0);
    this.#follow();
    this.#look();
  }

  /** Shows what was before the first row: the conversation's own, or else the server's. */
  async goBack() {
    const shown = this.#shown;
    if (this.#loading || !shown) return;
    this.#loading = true;
    this.#flush();
    const hidden = shown.items.length - this.rows.length;
    const more = hidden > 0 ? Math.min(hidden, PAGE) : await this.#actions.older();
    this.#flush(); // what came meanwhile
    const end = shown.items.length - this.rows.length;
    if (this.#shown === shown && more > 0) {
      this.#quietly(() => this.rows.prepend(shown.items.slice(Math.max(0, end - more), end)), true);
    }
    this.#loading = false;
    this.#count();
  }

  /** Changes what has been there before: no news for those who listen, no jump for those who read.
   * @param {() => void} change @param {boolean} stay */
  #quietly(change, stay) {
    const rest = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    this.#scroller.setAttribute("aria-busy", "true");
    change();
    if (stay) this.#scroller.scrollTop = this.#scroller.scrollHeight - rest;
    requestAnimationFrame(() => requestAnimationFrame(() => this.#scroller.removeAttribute("aria-busy")));
  }

  #toUnread() {
    const { divider } = this.rows;
    this.#following = !divider.isConnected;
    if (divider.isConnected) this.#scroller.scrollTop = divider.offsetTop - this.#scroller.clientHeight / 4;
    else this.#follow();
    this.#scrolled();
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (scrollTop < NEAR_START && scrollHeight > clientHeight && !this.#following) this.goBack();
    this.#look();
  }

  #follow() {
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #look() {
    if (this.#watching && this.#queue.length === 0) this.#actions.looked();
    this.#count();
  }

  #count() {
    const shown = this.#shown;
    if (!shown) return;
    this.#pill.hidden = shown.unread === 0 || this.#following;
    this.#news = shown.unread || this.#news;
    this.#pillText.textContent = this.#i18n.count("page.new", this.#news);
    this.rows.divider.textContent = this.#i18n.count("page.new.divider", this.#news);
    this.#top.hidden = shown.items.length <= this.rows.length && !shown.more;
    this.#empty.hidden = !this.rows.isEmpty || this.#queue.length > 0;
  }
}
