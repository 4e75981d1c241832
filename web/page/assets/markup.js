// @ts-check
// What a text may show beside plain words: links, `code` and fences of code. It makes pieces, not elements.

import { linkify } from "./linkify.js";

/** @typedef {{text: string, href?: string, code?: "inline" | "fence", info?: string}} Piece */

const MAX_CODES = 100; // of one message; the rest stays text

// Each looks at a character once: a text may be made to slow this down. A fence has no more beside it than the name of
// a language, which is shown too: nothing of a text is hidden.
const FENCE = /^```([\w+#.-]{0,20})$/;
const FENCE_END = "```";
const CODE = /`([^`\n]+)`/g;

/**
 * @param {string} text
 * @returns {Piece[]}
 */
export function pieces(text) {
  if (!text.includes("`")) return linkify(text);
  /** @type {Piece[]} */
  const found = [];
  const lines = text.split("\n");
  let done = 0; // lines
  let codes = 0;
  for (let i = 0; i < lines.length && codes < MAX_CODES; i++) {
    const [fence, info] = FENCE.exec(lines[i] ?? "") ?? [];
    if (fence === undefined) continue;
    const end = lines.indexOf(FENCE_END, i + 1);
    if (end < 0) break;
    if (i > done) found.push(...inline(`${lines.slice(done, i).join("\n")}\n`));
    found.push({ text: lines.slice(i + 1, end).join("\n"), code: "fence", info });
    i = end;
    done = end + 1;
    codes++;
  }
  if (done < lines.length) found.push(...inline(lines.slice(done).join("\n")));
  return found;
}

/** @param {string} text without fences @returns {Piece[]} */
function inline(text) {
  /** @type {Piece[]} */
  const found = [];
  let done = 0;
  let codes = 0;
  for (const match of text.matchAll(CODE)) {
    const [whole, code = ""] = match;
    if (code.trim() === "") continue;
    if (codes++ === MAX_CODES) break;
    if (match.index > done) found.push(...linkify(text.slice(done, match.index)));
    found.push({ text: code, code: "inline" });
    done = match.index + whole.length;
  }
  if (done < text.length) found.push(...linkify(text.slice(done)));
  return found;
}
