// @ts-check
// Clock times and days in the language of the page. Knows no DOM.

/** @type {Map<string, Intl.DateTimeFormat>} making one takes longer than using it a hundred times */
const formats = new Map();

/** @param {string} language @param {Intl.DateTimeFormatOptions} options */
function format(language, options) {
  const key = language + JSON.stringify(options);
  const known = formats.get(key) ?? new Intl.DateTimeFormat(language, options);
  formats.set(key, known);
  return known;
}

const PARDON_MS = 60_000; // no clock is exact
let skew = 0;

/** Messages have the server's time: so has "now", where this computer's clock is wrong. @param {number} ms its time */
export function learnTime(ms) {
  const off = ms - Date.now();
  skew = Math.abs(off) > PARDON_MS ? off : 0; // not a number is 0 too
}

/** Now, in the server's time. */
export function serverNow() {
  return Date.now() + skew;
}

/**
 * @param {Date} time
 * @param {string} language
 * @param {boolean} [seconds]
 */
export function clock(time, language, seconds = false) {
  const second = seconds ? "2-digit" : undefined;
  return format(language, { hour: "2-digit", minute: "2-digit", second, hourCycle: "h23" }).format(time);
}

/**
 * @param {Date} time
 * @param {string} language
 */
export function fullTime(time, language) {
  return format(language, { dateStyle: "full", timeStyle: "medium" }).format(time);
}

/**
 * A day in the local time zone, such as 2025-11-22.
 * @param {Date} time
 */
export function dayOf(time) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

/**
 * The name of time's day as seen from now.
 * @param {Date} time
 * @param {Date} now
 * @param {import("./i18n.js").I18n} i18n
 */
export function dayName(time, now, i18n) {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  const short = format(i18n.language, { day: "numeric", month: "short" }).format(time);
  if (dayOf(time) === dayOf(now)) return i18n.text("page.today", { Date: short });
  if (dayOf(time) === dayOf(yesterday)) return i18n.text("page.yesterday", { Date: short });
  return format(i18n.language, { dateStyle: "full" }).format(time);
}
