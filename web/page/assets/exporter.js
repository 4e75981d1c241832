// @ts-check
// Writes a room's log as a file: plain text, Markdown or JSON. Knows no DOM but for the download itself.

import { make } from "./dom.js";
import { textOf } from "./items.js";
import { visibleName } from "./names.js";

/** @typedef {import("./items.js").Said} Said */
/** @typedef {{room: string, address: string, items: Said[]}} Talk */

export const FORMATS = /** @type {const} */ (["txt", "md", "json"]);
/** @typedef {typeof FORMATS[number]} Format */

/** @type {Record<Format, {type: string, write: (talk: Talk) => string}>} */
const WRITERS = {
  txt: { type: "text/plain", write: plain },
  md: { type: "text/markdown", write: markdown },
  json: { type: "application/json", write: json },
};

/** @param {Talk} talk @param {Format} format */
export function render(talk, format) {
  return WRITERS[format].write(talk);
}

/** @param {Talk} talk @param {Format} format */
export function download(talk, format) {
  const file = new Blob([render(talk, format)], { type: `${WRITERS[format].type};charset=utf-8` });
  const url = URL.createObjectURL(file);
  const link = make("a", { href: url, download: `${talk.room.replace(/[^\p{L}\p{M}\p{N}._-]/gu, "_")}.${format}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser may still ask where to put it
}

/** @param {Said} item */
function words(item) {
  return textOf(item) ?? `(${item.content.bytes?.length} bytes)`;
}

/** @param {Talk} talk */
function plain({ room, address, items }) {
  const lines = items.map((item) => {
    const name = visibleName(item.from.name);
    const text = words(item).replaceAll("\n", "\n    ");
    return `[${stamp(item.at)}] ${item.content.event === "me" ? `* ${name} ${text}` : `${name}: ${text}`}`;
  });
  return [`#${room} · ${address}`, "", ...lines, ""].join("\n");
}

/** @param {Talk} talk */
function markdown({ room, address, items }) {
  const blocks = items.map((item) => {
    const text = words(item);
    const ticks = "`".repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
    // In a fence: what people write is nobody's markup.
    return `**${escaped(visibleName(item.from.name))}** ${stamp(item.at)}\n\n${ticks}\n${text}\n${ticks}\n`;
  });
  return [`# #${escaped(room)}`, "", `<${address}>`, "", ...blocks].join("\n");
}

/** @param {Talk} talk */
function json({ room, address, items }) {
  const messages = items.map(({ at, from, position, own, content: { bytes, ...content } }) => ({
    time: new Date(at).toISOString(),
    from,
    own,
    position,
    ...content,
    base64: bytes && btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")),
  }));
  return `${JSON.stringify({ room, address, messages }, null, 2)}\n`;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[\\`*_{}[\]<>#|]/g, "\\$&");
}

/** @param {number} at in local time, to be read by the one who exports */
function stamp(at) {
  const time = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return time.toISOString().slice(0, 19).replace("T", " ");
}
