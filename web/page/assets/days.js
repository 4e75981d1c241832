// @ts-check
// Where a new day begins in the log.

import { make } from "./dom.js";
import { dayName, dayOf, serverNow } from "./times.js";

/** @typedef {import("./items.js").Item} Item */

/** @param {Item} item @param {import("./i18n.js").I18n} i18n */
export function nameOfDay(item, i18n) {
  return dayName(new Date(item.at), new Date(serverNow()), i18n);
}

/** What stands above the first message of a day. @param {Item} item @param {import("./i18n.js").I18n} i18n */
export function dayLine(item, i18n) {
  return make("li", { class: "day", "aria-hidden": true }, nameOfDay(item, i18n));
}

/**
 * Whether a row is of the same day as the message above it. Messages have the server's time, other lines this
 * computer's: those begin no day.
 * @param {{item: Item}[]} rows
 * @param {number} i
 */
export function continuesDay(rows, i) {
  const item = rows[i]?.item;
  if (item?.kind !== "message") return true;
  for (let j = i - 1; j >= 0; j--) {
    const above = rows[j]?.item;
    if (above?.kind === "message") return dayOf(new Date(above.at)) === dayOf(new Date(item.at));
  }
  return false;
}
