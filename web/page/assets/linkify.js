// @ts-check
// Finds the links in a text: http, https and mailto only. It makes no markup; the pieces become text nodes and links.

/** @typedef {{text: string, href?: string}} Piece */

const MAX_LINKS = 100; // of one message; the rest stays text
const MAX_LENGTH = 2000; // of a link

// Quotes, brackets that no link begins or ends with, and the invisible characters that turn text around end a link.
const LINK = /(?:https?:\/\/|mailto:)[^\s<>"`\p{Cc}\p{Cf}]+/giu;
const WORD = /[\p{L}\p{N}_]$/u;
/** @type {Record<string, string | undefined>} */
const PAIRS = { ")": "(", "]": "[", "}": "{" };

/**
 * Cuts text into pieces, those with a href being links.
 * @param {string} text
 * @returns {Piece[]}
 */
export function linkify(text) {
  /** @type {Piece[]} */
  const pieces = [];
  let done = 0;
  let links = 0;
  for (const match of text.matchAll(LINK)) {
    if (links === MAX_LINKS) break;
    if (match[0].length > MAX_LENGTH) continue;
    if (WORD.test(text.slice(Math.max(done, match.index - 2), match.index))) continue; // inside another word
    const link = trimmed(match[0]);
    const href = address(link);
    if (!href) continue;
    if (match.index > done) pieces.push({ text: text.slice(done, match.index) });
    pieces.push({ text: link, href });
    done = match.index + link.length;
    links++;
  }
  if (done < text.length) pieces.push({ text: text.slice(done) });
  return pieces;
}

/**
 * Without the punctuation that belongs to the sentence around it.
 * @param {string} link
 */
function trimmed(link) {
  for (;;) {
    const last = link.at(-1) ?? "";
    const opening = PAIRS[last];
    if (opening) {
      if (link.split(last).length <= link.split(opening).length) return link; // its own, as in …/Recado_(note)
    } else if (!/[.,;:!?'’”»*]/.test(last)) {
      return link;
    }
    link = link.slice(0, -1);
  }
}

/** @param {string} link */
function address(link) {
  try {
    const url = new URL(link);
    if (url.protocol === "mailto:") return /^[^@]+@[^@]+$/.test(url.pathname) ? url.href : null;
    return /^https?:$/.test(url.protocol) && url.hostname ? url.href : null;
  } catch {
    return null;
  }
}
