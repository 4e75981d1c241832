// @ts-check
// The rows of the log: the last of a room's items, in order, and below them own messages without a place yet.
// It knows nothing of scrolling.

import { continuesDay, dayLine, nameOfDay } from "./days.js";
import { byId, make } from "./dom.js";
import { continues } from "./items.js";
import { LineRow } from "./line.js";
import { MessageRow } from "./message.js";

/** @typedef {import("./i18n.js").I18n} I18n */
/** @typedef {import("./items.js").Item} Item */
/** @typedef {MessageRow | LineRow} Row */

export const MAX_ROWS = 400;

export class Rows {
  divider = make("li", { class: "divider", "aria-hidden": true });
  #i18n;
  #actions;
  #list = byId("messages", HTMLOListElement);
  #top;
  /** @type {Row[]} */ #rows = [];
  /** @type {Map<Item, Row>} */ #pending = new Map();
  /** @type {Set<string>} the ids of members whose name is somebody else's too */ #twins = new Set();

  /**
   * @param {I18n} i18n
   * @param {{act: import("./message.js").Act, fill: (gap: import("./items.js").Gap) => void}} actions
   * @param {HTMLElement} top stands above all rows
   */
  constructor(i18n, actions, top) {
    this.#i18n = i18n;
    this.#actions = actions;
    this.#top = top;
  }

  /** How many there are, without those below. */
  get length() {
    return this.#rows.length;
  }

  get isEmpty() {
    return this.#rows.length + this.#pending.size === 0;
  }

  /** @param {Item[]} items @param {Item[]} pending */
  replace(items, pending) {
    this.#pending.clear();
    this.#rows = items.map((item) => this.#row(item));
    this.#list.replaceChildren(this.#top, ...this.#rows.map((row) => row.element));
    for (const item of pending) this.addPending(item);
    this.#dress(0);
  }

  /** @param {Item} item an own message on its way */
  addPending(item) {
    const row = this.#row(item);
    row.group(continues(item, [...this.#pending.keys()].at(-1) ?? this.#rows.at(-1)?.item));
    this.#pending.set(item, row);
    this.#list.append(row.element);
  }

  /** @param {Item[]} items that are the newest now */
  append(items) {
    const rows = items.map((item) => this.#row(item));
    const place = this.#firstPending();
    for (const row of rows) this.#list.insertBefore(row.element, place);
    this.#rows.push(...rows);
    this.#dress(this.#rows.length - rows.length);
  }

  /** @param {Item[]} items that come before all others */
  prepend(items) {
    const rows = items.map((item) => this.#row(item));
    this.#top.after(...rows.map((row) => row.element));
    this.#rows.unshift(...rows);
    this.#dress(0, rows.length);
    this.#redress(rows.length);
  }

  /** An own message has its place now: the newest. @param {Item} item */
  settle(item) {
    const row = this.#pending.get(item);
    if (!row) return;
    this.#pending.delete(item);
    row.mark();
    const next = this.#firstPending();
    if (row.element.nextElementSibling !== next) this.#list.insertBefore(row.element, next);
    this.#rows.push(row);
    this.#dress(this.#rows.length - 1);
  }

  /** @param {Item} item */
  remove(item) {
    const row = this.#find(item);
    row?.element.remove();
    row?.lead?.remove();
    this.#pending.delete(item);
    this.#rows = this.#rows.filter((other) => other !== row);
    this.#dress(0);
  }

  /** @param {Item} item that reads otherwise now */
  update(item) {
    this.#find(item)?.relabel();
  }

  relabel() {
    for (const row of [...this.#rows, ...this.#pending.values()]) row.relabel();
    this.relabelDays();
  }

  /** Yesterday's messages are no longer today's. */
  relabelDays() {
    for (const { lead, item } of this.#rows) {
      if (lead) lead.textContent = nameOfDay(item, this.#i18n);
    }
  }

  /** Lets go of the oldest, down to so many. @param {number} most */
  trim(most) {
    if (this.#rows.length <= most) return;
    for (const row of this.#rows.splice(0, this.#rows.length - most)) {
      row.element.remove();
      row.lead?.remove();
    }
    this.#redress(0);
  }

  /** @param {Set<string>} ids of members who need more than a name to be told apart */
  tellApart(ids) {
    if (ids.size === this.#twins.size && [...ids].every((id) => this.#twins.has(id))) return;
    this.#twins = ids;
    for (const { item, element } of this.#rows) element.classList.toggle("twin", this.#isTwin(item));
  }

  /** Puts the divider above an item, or takes it away. @param {Item | null} item */
  divide(item) {
    const row = item && this.#find(item);
    const place = row && (row.lead ?? row.element);
    if (!place) this.divider.remove();
    else if (place.previousElementSibling !== this.divider) place.before(this.divider);
  }

  /** @param {Item} item @returns {Row} */
  #row(item) {
    if (item.kind === "message") {
      const row = new MessageRow(this.#i18n, item, this.#actions.act);
      row.element.classList.toggle("twin", this.#isTwin(item));
      return row;
    }
    return new LineRow(this.#i18n, item, this.#actions.fill);
  }

  /** @param {Item} item */
  #isTwin(item) {
    return item.kind === "message" && this.#twins.has(item.from.id ?? "");
  }

  /** @param {Item} item */
  #find(item) {
    return this.#pending.get(item) ?? this.#rows.findLast((row) => row.item === item);
  }

  #firstPending() {
    for (const row of this.#pending.values()) return row.element;
    return null;
  }

  /**
   * Shows what rows owe to the one above: the name of a new day, and whether they go on what it began.
   * @param {number} from
   * @param {number} [to]
   */
  #dress(from, to = this.#rows.length) {
    for (let i = from; i < Math.min(to, this.#rows.length); i++) {
      const row = this.#rows[i];
      if (!row) return;
      const before = this.#rows[i - 1]?.item;
      if (continuesDay(this.#rows, i)) {
        row.lead?.remove();
        row.lead = null;
      } else if (!row.lead) {
        row.lead = dayLine(row.item, this.#i18n);
        row.element.before(row.lead);
      }
      row.group(!row.lead && continues(row.item, before));
    }
  }

  /** Dresses what other rows have come or gone above of: all up to the next message. @param {number} i */
  #redress(i) {
    const next = this.#rows.findIndex(({ item }, j) => j >= i && item.kind === "message");
    this.#dress(i, next + 1);
  }
}
