// @ts-check
// The messages on the page: shows them in order, follows the newest unless the reader has scrolled away,
// counts what has not been seen. It knows no socket.

import { byId, make } from "./dom.js";
import { Message } from "./message.js";
import { dayName, dayOf } from "./times.js";

/** @typedef {import("./i18n.js").I18n} I18n */
/** @typedef {import("./outbox.js").Entry} Entry */
/** @typedef {import("./message.js").Action} Action */

export const MAX_MESSAGES = 1000;
const MAX_CHARACTERS = 8 * 1024 * 1024; // in all messages together, whatever their number
const NEAR_END = 48; // px; closer than this counts as reading along
const FLUSH_MS = 200; // a hidden page draws no frames, yet its title must count

export class Log {
  #i18n;
  #act;
  #unseenChanged;
  #scroller = byId("log", HTMLElement);
  #list = byId("messages", HTMLOListElement);
  #empty = byId("empty", HTMLElement);
  #pill = byId("new", HTMLButtonElement);
  #pillText = byId("new-text", HTMLElement);
  #trimmed = make("li", { class: "note" });
  #divider = make("li", { class: "divider", "aria-hidden": true });
  /** @type {Message[]} oldest first */
  #messages = [];
  /** @type {Message[]} not on the page yet */
  #pending = [];
  /** @type {Map<string, HTMLElement>} the heading of each day that has messages */
  #days = new Map();
  #characters = 0;
  #unseen = 0;
  #following = true;
  #frame = 0;
  #timer = 0;

  /**
   * @param {I18n} i18n
   * @param {(action: Action, entry: Entry) => void} act what a person wants done with an own message
   * @param {(unseen: number) => void} unseenChanged
   */
  constructor(i18n, act, unseenChanged) {
    this.#i18n = i18n;
    this.#act = act;
    this.#unseenChanged = unseenChanged;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#pill.addEventListener("click", () => this.toEnd());
    document.addEventListener("visibilitychange", () => this.#look());
    const resized = new ResizeObserver(() => this.#follow());
    resized.observe(this.#scroller);
    resized.observe(this.#list);
  }

  /** @param {Entry} entry */
  addOwn(entry) {
    const own = { entry, act: this.#act };
    this.#pending.push(new Message(this.#i18n, entry.text, new Date(entry.at), own));
    this.#divider.remove();
    this.#flush();
    this.toEnd();
  }

  /**
   * @param {string | ArrayBuffer} data
   * @param {Date} time
   */
  addOther(data, time) {
    this.#pending.push(new Message(this.#i18n, data, time, null));
    if (this.#timer) return;
    // A burst is drawn once a frame.
    this.#timer = window.setTimeout(() => this.#flush(), FLUSH_MS);
    this.#frame = requestAnimationFrame(() => this.#flush());
  }

  /** @param {Entry} entry */
  mark(entry) {
    const message = this.#messages.find((m) => m.own?.entry === entry);
    if (!message) return;
    if (entry.mark !== "discarded") return message.mark(entry);
    this.#messages = this.#messages.filter((m) => m !== message);
    this.#remove(message);
    this.#arrangeDays();
  }

  /** Writes everything anew, after a change of language. */
  relabel() {
    for (const message of this.#messages) message.relabel();
    this.#divider.textContent = this.#i18n.text("page.new.divider");
    this.#trimmed.textContent = this.#i18n.text("page.trimmed");
    this.#arrangeDays();
    this.#count();
  }

  /** Yesterday's messages are no longer today's. */
  relabelDays() {
    this.#arrangeDays();
  }

  toEnd() {
    this.#following = true;
    this.#follow();
    this.#look();
  }

  #flush() {
    window.clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.#timer = 0;
    const added = this.#pending.splice(0);
    const news = added.filter((message) => !message.own).length;
    const seen = this.#following && !document.hidden;
    if (news > 0 && !seen && this.#unseen === 0) this.#list.append(this.#divider);
    this.#list.append(...added.map((message) => message.element));
    this.#messages.push(...added);
    this.#characters += added.reduce((sum, message) => sum + length(message), 0);
    this.#trim();
    this.#arrangeDays();
    if (!seen) this.#unseen += news;
    this.#count();
    this.#follow();
  }

  /** Keeps the page bounded: the oldest messages go. */
  #trim() {
    const tooMuch = () => this.#messages.length > MAX_MESSAGES || this.#characters > MAX_CHARACTERS;
    if (!tooMuch() || this.#messages.length === 1) return;
    const before = this.#scroller.scrollHeight;
    while (tooMuch() && this.#messages.length > 1) {
      const oldest = this.#messages.shift();
      if (oldest) this.#remove(oldest);
    }
    this.#list.prepend(this.#trimmed);
    // Not every browser holds the text in place by itself when something above it goes.
    if (!this.#following && !CSS.supports("overflow-anchor", "auto")) {
      this.#scroller.scrollTop -= before - this.#scroller.scrollHeight;
    }
  }

  /** @param {Message} message */
  #remove(message) {
    message.element.remove();
    this.#characters -= length(message);
  }

  /** Puts the name of the day before each day's first message. */
  #arrangeDays() {
    const now = new Date();
    const days = new Map();
    for (const message of this.#messages) {
      const day = dayOf(message.time);
      if (days.has(day)) continue;
      const heading = this.#days.get(day) ?? make("li", { class: "day", "aria-hidden": true });
      heading.textContent = dayName(message.time, now, this.#i18n);
      if (message.element.previousElementSibling !== heading) message.element.before(heading);
      days.set(day, heading);
    }
    for (const [day, heading] of this.#days) if (!days.has(day)) heading.remove();
    this.#days = days;
    this.#empty.hidden = this.#messages.length > 0;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.#look();
  }

  #follow() {
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #look() {
    if (this.#following && !document.hidden) this.#unseen = 0;
    this.#count();
  }

  #count() {
    this.#pill.hidden = this.#unseen === 0 || this.#following;
    this.#pillText.textContent = this.#i18n.count("page.new", this.#unseen);
    this.#unseenChanged(this.#unseen);
  }
}

/** @param {Message} message */
function length(message) {
  return typeof message.data === "string" ? message.data.length : 0;
}
