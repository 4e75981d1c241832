// @ts-check
// The room switcher: type a few letters, Enter goes there; a name that is new is a new room.

import { byId, make } from "./dom.js";
import { wantedRoom } from "./room.js";

const SHOWN = 8;

/**
 * The rooms that fit what was typed, the best first: those that begin so, then those that have it within; unread first.
 * @param {{name: string, unread: number}[]} rooms
 * @param {string} typed
 */
export function matching(rooms, typed) {
  const wanted = typed.trim().replace(/^#/, "").toLowerCase();
  const rank = (/** @type {string} */ name) => (name.toLowerCase().startsWith(wanted) ? 0 : 1);
  return rooms
    .filter(({ name }) => name.toLowerCase().includes(wanted))
    .sort((a, b) => rank(a.name) - rank(b.name) || b.unread - a.unread || a.name.localeCompare(b.name))
    .slice(0, SHOWN);
}

export class Switcher {
  #i18n;
  #list;
  #go;
  #dialog = byId("switch", HTMLDialogElement);
  #text = byId("switch-text", HTMLInputElement);
  #options = byId("switch-list", HTMLElement);
  /** @type {{name: string, unread: number}[]} */ #found = [];
  #chosen = 0;

  /**
   * @param {import("./i18n.js").I18n} i18n
   * @param {() => {name: string, unread: number}[]} list
   * @param {(room: string) => void} go
   */
  constructor(i18n, list, go) {
    this.#i18n = i18n;
    this.#list = list;
    this.#go = go;
    this.#text.addEventListener("input", () => this.#find());
    this.#text.addEventListener("keydown", (event) => this.#move(event));
    byId("switch-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#enter(this.#found[this.#chosen]?.name);
    });
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  open() {
    if (document.querySelector("dialog[open]")) return;
    this.#text.value = "";
    this.#find();
    this.#dialog.showModal();
  }

  #find() {
    const typed = this.#text.value;
    this.#found = matching(this.#list(), typed);
    const room = wantedRoom(typed);
    if (room && !this.#found.some(({ name }) => name === room)) this.#found.push({ name: room, unread: -1 });
    this.#chosen = 0;
    const hint = typed.trim() !== "" && !room ? "page.rooms.invalid" : "page.switch.hint";
    byId("switch-hint", HTMLElement).textContent = this.#i18n.text(hint);
    this.#render();
  }

  #render() {
    this.#options.replaceChildren(
      ...this.#found.map(({ name, unread }, i) => {
        const badge = unread > 0 ? make("span", { class: "badge" }, `${unread}`) : "";
        const fresh = unread < 0 ? make("span", { class: "small" }, this.#i18n.text("page.switch.new")) : "";
        const option = { role: "option", id: `room-${i}`, "aria-selected": String(i === this.#chosen) };
        const label = make("bdi", { class: "label" }, `#${name}`);
        return make("li", { ...option, click: () => this.#enter(name) }, label, badge, fresh);
      }),
    );
    this.#text.setAttribute("aria-activedescendant", this.#found.length > 0 ? `room-${this.#chosen}` : "");
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || this.#found.length === 0) return;
    event.preventDefault();
    this.#chosen = (this.#chosen + step + this.#found.length) % this.#found.length;
    this.#render();
  }

  /** @param {string | undefined} room */
  #enter(room) {
    if (!room) return;
    this.#dialog.close();
    this.#go(room);
  }
}
