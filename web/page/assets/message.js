// @ts-check
// One message as an element of the log.

import { icon, make } from "./dom.js";
import { textOf } from "./items.js";
import { pieces } from "./markup.js";
import { colourOf, initial, tag, visibleName } from "./names.js";
import { clock, fullTime } from "./times.js";

/** @typedef {import("./i18n.js").I18n} I18n */
/** @typedef {import("./items.js").Said} Said */
/** @typedef {"resend" | "edit" | "discard"} Action */
/** @typedef {(action: Action, item: Said) => void} Act */

const LONG_TEXT = 1500; // characters, over which a message is folded
const LONG_LINES = 18;

/** @type {Record<string, {icon: string, actions: Action[]}>} */
const MARKS = {
  waiting: { icon: "clock", actions: [] },
  sending: { icon: "clock", actions: [] },
  sent: { icon: "check", actions: [] },
  unsure: { icon: "question", actions: ["resend", "discard"] },
  expired: { icon: "alert", actions: ["resend", "discard"] },
  failed: { icon: "alert", actions: ["resend", "discard"] },
  too_big: { icon: "alert", actions: ["edit", "discard"] },
  forbidden: { icon: "alert", actions: ["edit", "discard"] },
};

export class MessageRow {
  /** @type {HTMLElement | null} what says a new day above it */ lead = null;
  #i18n;
  #act;
  #time;
  #head = make("p", { class: "head" });
  #spoken = make("bdi", { class: "unseen" }); // has no say in the text's direction
  #meta;
  #content;
  /** @type {HTMLButtonElement | null} */ #fold = null;
  #actions = make("div", { class: "actions" });

  /** @param {I18n} i18n @param {Said} item @param {Act} act */
  constructor(i18n, item, act) {
    this.#i18n = i18n;
    this.#act = act;
    this.item = item;
    const text = textOf(item);
    // Not read out with the text: the log announces what is said, not when.
    this.#time = make("time", { "aria-hidden": true });
    const { json, event } = item.content;
    const deed = event === "me";
    this.#meta = make("span", { class: "meta", "data-event": (!deed && event) || null }, this.#time);
    this.#content = make("span", { class: text === null ? "binary" : json === undefined ? "text" : "text data" });
    const bubble = make("div", { class: "bubble", dir: "auto" }, this.#spoken, this.#content, this.#meta);
    this.element = make("li", { class: `message ${item.own ? "own" : "other"}` }, this.#head, bubble);
    this.element.classList.toggle("deed", deed);
    if (text !== null && isLong(text)) this.#offerFold(text);
    else if (text !== null) this.#write(pieces(text));
    this.relabel();
  }

  /** @param {boolean} grouped it goes on what the message above began */
  group(grouped) {
    this.element.classList.toggle("grouped", grouped);
  }

  /** Writes everything anew that depends on the language or on the entry's mark. */
  relabel() {
    const [i18n, { item }, time] = [this.#i18n, this, new Date(this.item.at)];
    this.#time.textContent = clock(time, i18n.language);
    this.#time.dataset.seconds = clock(time, i18n.language, true);
    this.#time.dateTime = time.toISOString();
    this.#time.title = fullTime(time, i18n.language);
    const name = visibleName(item.from.name);
    const deed = item.content.event === "me";
    this.element.dataset.from = name;
    this.#spoken.textContent = item.own && !deed ? `${i18n.text("page.you")} ` : deed ? "" : `${name}: `;
    if (!item.own || deed) this.#labelHead(name);
    const { bytes } = item.content;
    if (bytes) this.#content.replaceChildren(icon("binary"), i18n.count("page.binary", bytes.length));
    this.#labelFold();
    this.mark();
  }

  /** @param {string} name */
  #labelHead(name) {
    const { id } = this.item.from;
    const colour = `p${colourOf(name)}`;
    const who = make("bdi", { class: `name ${colour}` }, name);
    const mark = make("span", { class: "tag" }, id ? tag(id) : "");
    this.#head.dataset.member = id ?? "";
    this.#head.setAttribute("aria-hidden", "true"); // the bubble says it
    this.#head.replaceChildren(make("span", { class: `face ${colour}` }, initial(name)), who, mark);
  }

  /** Shows what has become of an own message. */
  mark() {
    const { entry } = this.item;
    const mark = MARKS[entry?.mark ?? ""];
    if (!mark || !entry) return;
    const why = this.#i18n.text(`page.mark.${entry.mark}`, { Size: this.#i18n.size(entry.bytes) });
    // Read out only if it is news: "sent" is what everyone expects, and the others stand below in full.
    const spoken = entry.mark === "waiting" ? make("span", { class: "unseen" }, why) : "";
    const sign = make("span", { class: "mark", title: why }, icon(mark.icon), spoken);
    this.element.dataset.mark = entry.mark;
    this.#meta.replaceChildren(this.#time, sign);
    this.#actions.remove();
    if (mark.actions.length === 0) return;
    const buttons = mark.actions.map((action) =>
      make(
        "button",
        { type: "button", click: () => this.#act(action, this.item) },
        this.#i18n.text(`page.action.${action}`),
      ),
    );
    this.#actions.replaceChildren(make("span", { class: "why" }, why), ...buttons);
    this.element.append(this.#actions);
  }

  /** @param {import("./markup.js").Piece[]} found */
  #write(found) {
    const link = { target: "_blank", rel: "noopener noreferrer" };
    this.#content.replaceChildren(
      ...found.map(({ text, href, code, info }) => {
        if (code) return make("code", { class: code, "data-info": info || null }, text);
        return href === undefined ? text : make("a", { href, ...link }, text);
      }),
    );
  }

  /**
   * Shows the beginning only, and offers the rest: to lay out a giant would stop the page.
   * @param {string} text
   */
  #offerFold(text) {
    const button = make("button", { type: "button", class: "fold", click: () => this.#setFold(button, text) });
    this.#fold = button;
    this.#meta.before(button);
    this.#setFold(button, text);
  }

  /** @param {HTMLButtonElement} button @param {string} text */
  #setFold(button, text) {
    const folded = this.element.classList.toggle("folded");
    button.setAttribute("aria-expanded", String(!folded));
    this.#write(folded ? beginning(text) : pieces(text));
    this.#labelFold();
  }

  #labelFold() {
    if (!this.#fold) return;
    this.#fold.textContent = this.#i18n.text(this.element.classList.contains("folded") ? "page.more" : "page.less");
  }
}

/** @param {string} text */
function isLong(text) {
  return text.length > LONG_TEXT || text.split("\n", LONG_LINES + 1).length > LONG_LINES;
}

/**
 * The pieces of a long text's first part. The word that it ends within is no link there: it would lead elsewhere.
 * @param {string} text
 */
function beginning(text) {
  if (text.length <= LONG_TEXT) return pieces(text);
  const start = text.slice(0, LONG_TEXT);
  const whole = start.search(/\S*$/);
  return [...pieces(start.slice(0, whole)), { text: start.slice(whole) }];
}
