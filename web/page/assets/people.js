// @ts-check
// Who is in the room, and who is writing.

import { byId, icon, make } from "./dom.js";
import { colourOf, initial, namesakes, tag, visibleName } from "./names.js";

/** @typedef {import("./conversation.js").Conversation} Conversation */

const SHOWN = 300; // more names than anyone reads
const RENDER_MS = 250; // thousands may come and go at once
const LEFT_MS = 5 * 60_000; // how long somebody who has left is still mentioned
const TYPISTS = 3; // named; more are "several people"

export class People {
  #i18n;
  #tellApart;
  /** @type {Conversation | null} */ #shown = null;
  #list = byId("people-list", HTMLElement);
  #title = byId("people-title", HTMLElement);
  #count = byId("people-count", HTMLElement);
  #typing = byId("typing", HTMLElement);
  /** @type {Map<string, {element: HTMLElement, key: string}>} by member id */ #rows = new Map();
  #timer = 0;

  /**
   * @param {import("./i18n.js").I18n} i18n
   * @param {(ids: Set<string>) => void} tellApart is told which members have the same name
   */
  constructor(i18n, tellApart) {
    this.#i18n = i18n;
    this.#tellApart = tellApart;
  }

  /** @param {Conversation} conversation */
  show(conversation) {
    this.#shown = conversation;
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#write();
    this.showTyping();
  }

  /** Someone came, went or has another name. */
  changed() {
    if (!this.#timer) this.#timer = window.setTimeout(() => this.#write(), RENDER_MS);
  }

  relabel() {
    this.#rows.clear();
    this.#write();
    this.showTyping();
  }

  showTyping() {
    const typing = this.#shown?.typing ?? new Map();
    const now = Date.now();
    for (const [id, { until }] of typing) if (until < now) typing.delete(id);
    const names = [...typing.values()].map(({ name }) => `\u2068${visibleName(name)}\u2069`);
    const listed = new Intl.ListFormat(this.#i18n.language).format(names.slice(0, TYPISTS));
    let text = "";
    if (names.length > TYPISTS) text = this.#i18n.text("page.typing.many");
    else if (names.length > 0) text = this.#i18n.count("page.typing", names.length, { Names: listed });
    if (this.#typing.textContent !== text) this.#typing.textContent = text;
    for (const [id, { element }] of this.#rows) element.classList.toggle("types", typing.has(id));
  }

  #write() {
    window.clearTimeout(this.#timer);
    this.#timer = 0;
    const room = this.#shown?.room;
    if (!room) return;
    const count = this.#i18n.number(room.memberCount);
    this.#title.textContent = this.#i18n.text("page.people", { Count: count });
    this.#count.textContent = count;
    const you = room.you?.id;
    const members = [...room.members.values()];
    const order = new Intl.Collator(this.#i18n.language, { sensitivity: "base", numeric: true });
    members.sort((a, b) => Number(b.id === you) - Number(a.id === you) || order.compare(a.name, b.name));
    const same = namesakes(members);
    const rows = members.slice(0, SHOWN).map((member) => {
      const key = `${member.name}\n${member.id === you}\n${same.has(member.id)}`;
      const known = this.#rows.get(member.id);
      return known?.key === key ? known : { element: this.#row(member, member.id === you, same), key };
    });
    this.#rows = new Map(rows.map((row, i) => [members[i]?.id ?? "", row]));
    const rest = room.memberCount - rows.length;
    const more = rest > 0 ? [make("li", { class: "small" }, this.#i18n.count("page.others", rest))] : [];
    const elements = [...rows.map(({ element }) => element), ...more, ...this.#gone()];
    const there = this.#list.children;
    if (elements.length !== there.length || elements.some((element, i) => element !== there[i])) {
      this.#list.replaceChildren(...elements);
    }
    this.#tellApart(same);
    this.showTyping();
  }

  /** Who has left a moment ago. */
  #gone() {
    const { left = new Map(), room } = this.#shown ?? {};
    const now = Date.now();
    return [...left].flatMap(([id, { name, at }]) => {
      if (now - at > LEFT_MS || room?.members.has(id)) return [];
      const shown = visibleName(name);
      const face = make("span", { class: "face", "aria-hidden": true }, initial(name));
      const said = make("span", { class: "small" }, this.#i18n.text("page.people.left"));
      return make("li", { class: "person gone" }, face, make("bdi", { class: "name", title: shown }, shown), said);
    });
  }

  /** @param {{id: string, name: string}} member @param {boolean} you @param {Set<string>} same */
  #row({ id, name }, you, same) {
    const shown = visibleName(name);
    const colour = `p${colourOf(name)}`;
    const face = make("span", { class: `face ${colour}`, "aria-hidden": true }, initial(name));
    const tagged = same.has(id) ? make("span", { class: "tag" }, tag(id)) : "";
    const own = you ? make("span", { class: "small" }, this.#i18n.text("page.people.you")) : "";
    const pen = make("span", { class: "pen" }, icon("pen"));
    return make("li", { class: "person" }, face, make("bdi", { class: "name", title: shown }, shown), tagged, own, pen);
  }
}
