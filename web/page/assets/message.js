// @ts-check
// One message as an element of the log.

import { icon, make } from "./dom.js";
import { linkify } from "./linkify.js";
import { clock, fullTime } from "./times.js";

/** @typedef {import("./i18n.js").I18n} I18n */
/** @typedef {import("./outbox.js").Entry} Entry */
/** @typedef {"resend" | "edit" | "discard"} Action */

const LONG_TEXT = 1500; // characters, over which a message is folded
const LONG_LINES = 18;

/** @type {Record<string, {icon: string, actions: Action[]}>} */
const MARKS = {
  waiting: { icon: "clock", actions: [] },
  sent: { icon: "check", actions: [] },
  unsure: { icon: "question", actions: ["resend", "discard"] },
  expired: { icon: "alert", actions: ["resend", "discard"] },
  too_big: { icon: "alert", actions: ["edit", "discard"] },
};

export class Message {
  #i18n;
  #time;
  #author;
  #meta;
  #content;
  /** @type {HTMLButtonElement | null} */
  #fold = null;
  #actions = make("div", { class: "actions" });

  /**
   * @param {I18n} i18n
   * @param {string | ArrayBuffer} data
   * @param {Date} time
   * @param {{entry: Entry, act: (action: Action, entry: Entry) => void} | null} own null for a message of others
   */
  constructor(i18n, data, time, own) {
    this.#i18n = i18n;
    this.data = data;
    this.time = time;
    this.own = own;
    this.#author = make("span", { class: "unseen", dir: "auto" }); // with a dir of its own it does not turn the bubble's
    // Not read out with the text: the log announces what is said, not when.
    this.#time = make("time", { datetime: time.toISOString(), "aria-hidden": true });
    this.#meta = make("span", { class: "meta" }, this.#time);
    this.#content = make("span", { class: typeof data === "string" ? "text" : "binary" });
    const bubble = make("div", { class: "bubble", dir: "auto" }, this.#author, this.#content, this.#meta);
    this.element = make("li", { class: own ? "message own" : "message other" }, bubble);
    if (typeof data === "string" && isLong(data)) this.#offerFold(data);
    else if (typeof data === "string") this.#write(linkify(data));
    this.relabel();
  }

  /** Writes everything anew that depends on the language or on the entry's mark. */
  relabel() {
    const i18n = this.#i18n;
    this.#author.textContent = `${i18n.text(this.own ? "page.you" : "page.someone")} `;
    this.#time.textContent = clock(this.time, i18n.language);
    this.#time.title = fullTime(this.time, i18n.language);
    if (typeof this.data !== "string") {
      this.#content.replaceChildren(icon("binary"), i18n.count("page.binary", this.data.byteLength));
    }
    this.#labelFold();
    if (this.own) this.mark(this.own.entry);
  }

  /** @param {Entry} entry */
  mark(entry) {
    const mark = MARKS[entry.mark];
    if (!mark) return;
    const why = this.#i18n.text(`page.mark.${entry.mark}`, { Size: this.#i18n.size(entry.bytes) });
    // Read out only if it is news: "sent" is what everyone expects, and the others stand below in full.
    const spoken = entry.mark === "waiting" ? make("span", { class: "unseen" }, why) : "";
    const sign = make("span", { class: "mark", title: why }, icon(mark.icon), spoken);
    this.element.dataset.mark = entry.mark;
    this.#meta.replaceChildren(this.#time, sign);
    this.#actions.remove();
    if (mark.actions.length > 0) {
      const buttons = mark.actions.map((action) =>
        make(
          "button",
          { type: "button", click: () => this.own?.act(action, entry) },
          this.#i18n.text(`page.action.${action}`),
        ),
      );
      this.#actions.replaceChildren(make("span", { class: "why" }, why), ...buttons);
      this.element.append(this.#actions);
    }
  }

  /** @param {import("./linkify.js").Piece[]} pieces */
  #write(pieces) {
    const link = { target: "_blank", rel: "noopener noreferrer" };
    this.#content.replaceChildren(
      ...pieces.map(({ text, href }) => (href === undefined ? text : make("a", { href, ...link }, text))),
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

  /**
   * @param {HTMLButtonElement} button
   * @param {string} text
   */
  #setFold(button, text) {
    const folded = this.element.classList.toggle("folded");
    button.setAttribute("aria-expanded", String(!folded));
    this.#write(folded ? beginning(text) : linkify(text));
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
  if (text.length <= LONG_TEXT) return linkify(text);
  const start = text.slice(0, LONG_TEXT);
  const whole = start.search(/\S*$/);
  return [...linkify(start.slice(0, whole)), { text: start.slice(whole) }];
}
