// @ts-check
// What a text may show beside plain words: links, `code` and fences of code. It makes pieces, not elements.

import { linkify } from "./linkify.js";

/** @typedef {{text: string, href?: string, code?: "inline" | "fence"}} Piece */

const MAX_CODES = 100; // of one message; the rest stays text

// A fence stands at the beginning of a line; `code` stays on its line and has something in it.
const CODE = /(?:^|(?<=\n))```[^\n`]*\n([\s\S]*?)\n?```(?:\n|$)|`([^`\n]*[^`\s][^`\n]*)`/g;

/**
 * @param {string} text
 * @returns {Piece[]}
 */
export function pieces(text) {
  if (!text.includes("`")) return linkify(text);
  /** @type {Piece[]} */
  const found = [];
  let done = 0;
  let codes = 0;
  for (const match of text.matchAll(CODE)) {
    if (codes++ === MAX_CODES) break;
    if (match.index > done) found.push(...linkify(text.slice(done, match.index)));
    const [whole, block, line = ""] = match;
    found.push(block === undefined ? { text: line, code: "inline" } : { text: block, code: "fence" });
    done = match.index + whole.length;
  }
  if (done < text.length) found.push(...linkify(text.slice(done)));
  return found;
}
