// @ts-check
// What stands in the log beside messages: who came and went, what is missing, what the page itself says.

import { make } from "./dom.js";
import { visibleName } from "./names.js";

/** @typedef {import("./i18n.js").I18n} I18n */
/** @typedef {import("./items.js").Item} Item */

const NAMED = 3; // of those who came or went together; the others are counted

export class LineRow {
  /** @type {HTMLElement | null} what says a new day above it */ lead = null;
  #i18n;
  #load;

  /** @param {I18n} i18n @param {Item} item @param {(gap: import("./items.js").Gap) => void} load */
  constructor(i18n, item, load) {
    this.#i18n = i18n;
    this.#load = load;
    this.item = item;
    this.element = make("li", { class: `line ${item.kind}` });
    this.relabel();
  }

  group() {}

  mark() {}

  relabel() {
    const { item } = this;
    if (item.kind === "presence") this.element.textContent = this.#presence(item);
    else if (item.kind === "notice") this.element.textContent = this.#i18n.text(item.id, item.facts);
    else if (item.kind === "gap") this.#gap(item);
  }

  /** @param {import("./presence.js").Presence} item */
  #presence({ joined, left, more }) {
    const parts = [];
    if (joined.size > 0) parts.push(this.#i18n.count("page.joined", joined.size, { Names: this.#names(joined) }));
    if (left.size > 0) parts.push(this.#i18n.count("page.left", left.size, { Names: this.#names(left) }));
    if (more > 0) parts.push(this.#i18n.count("page.comings", more));
    return parts.join(" · ");
  }

  /** @param {Map<string, string>} people */
  #names(people) {
    const names = [...people.values()].slice(0, NAMED).map((name) => `\u2068${visibleName(name)}\u2069`);
    if (people.size > NAMED) names.push(this.#i18n.count("page.others", people.size - NAMED));
    return new Intl.ListFormat(this.#i18n.language).format(names);
  }

  /** @param {import("./items.js").Gap} item */
  #gap(item) {
    const count = item.missed === undefined ? "" : this.#i18n.count("states.behind.banner", item.missed);
    const text = item.reason === "epoch" ? this.#i18n.text("page.gap.epoch") : count || this.#i18n.text("page.gap");
    const end = item.lost && item.reason !== "epoch" ? `. ${this.#i18n.text("page.gap.lost")}` : "";
    const load = make(
      "button",
      { type: "button", click: () => this.#load(item) },
      this.#i18n.text("states.behind.load"),
    );
    this.element.replaceChildren(make("span", {}, text + end), item.lost ? "" : load);
  }
}
