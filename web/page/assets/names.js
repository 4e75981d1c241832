// @ts-check
// How people are shown: names without tricks, a colour for each, a tag where two have the same name.

export const COLOURS = 12; // in people.css

// What belongs to an emoji and is no trick: a joiner between pictures, the tags of a flag such as Scotland's.
const EMOJI =
  /\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?\u200d(?=\p{Extended_Pictographic})|\u{1f3f4}[\u{e0061}-\u{e007a}]+\u{e007f}/u;
// Marks that turn the text around, zero-width spaces, controls, fillers that look like nothing.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\u115f\u1160\u3164\uffa0]|\u034f|\u17b4|\u17b5/u;
const EITHER = new RegExp(`(${EMOJI.source})|${INVISIBLE.source}`, "gu");
const PILED_MARKS = /(\p{M}{4})\p{M}+/gu;

/**
 * The name with what could hide or turn it made visible, and without letters that pile up over other lines.
 * @param {string} name
 */
export function visibleName(name) {
  const shown = name
    .replace(PILED_MARKS, "$1")
    .replace(EITHER, (sign, emoji) => emoji ?? `‹${sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}›`);
  return shown.trim() || "‹ ›";
}

/**
 * One of the page's colours, the same for a name on every page.
 * @param {string} name
 */
export function colourOf(name) {
  let hash = 2166136261; // FNV-1a
  for (const byte of new TextEncoder().encode(visibleName(name).normalize("NFC").toLowerCase())) {
    hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  }
  return ((hash ^ (hash >>> 15)) >>> 0) % COLOURS;
}

/**
 * What stands for a person in a circle: the first sign of the name.
 * @param {string} name
 */
export function initial(name) {
  const segments = typeof Intl.Segmenter === "function" ? new Intl.Segmenter().segment(visibleName(name)) : [];
  for (const { segment } of segments) return segment.toUpperCase();
  return (Array.from(visibleName(name))[0] ?? "").toUpperCase();
}

/**
 * A short piece of a member's id, to tell people with the same name apart.
 * @param {string} id
 */
export function tag(id) {
  return id.slice(1, 5);
}

/**
 * The ids of those whose name somebody else has too.
 * @param {Iterable<{id?: string, name: string}>} people
 * @returns {Set<string>}
 */
export function namesakes(people) {
  /** @type {Map<string, string>} */
  const first = new Map();
  /** @type {Set<string>} */
  const found = new Set();
  for (const { id = "", name } of people) {
    const key = visibleName(name).toLowerCase();
    const other = first.get(key);
    if (other === undefined) first.set(key, id);
    else if (other !== id) found.add(other).add(id);
  }
  return found;
}
