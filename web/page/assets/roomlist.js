// @ts-check
// The list of rooms at the side.

import { byId, icon, make } from "./dom.js";
import { roomURL } from "./room.js";

/** @typedef {import("./rooms.js").Rooms} Rooms */

export class RoomList {
  #i18n;
  #rooms;
  #actions;
  #list = byId("rooms", HTMLElement);
  #badge = byId("side-badge", HTMLElement);
  #pin = byId("pin-button", HTMLButtonElement);
  #timer = 0;

  /**
   * @param {import("./i18n.js").I18n} i18n
   * @param {Rooms} rooms
   * @param {{go: (room: string) => void, pin: (room: string) => void, forget: (room: string) => void, add: () => void}} actions
   */
  constructor(i18n, rooms, actions) {
    this.#i18n = i18n;
    this.#rooms = rooms;
    this.#actions = actions;
    this.#pin.addEventListener("click", () => actions.pin(rooms.current.name));
  }

  /** Something has changed in a room; many things may. */
  changed() {
    if (!this.#timer) this.#timer = window.setTimeout(() => this.render(), 100);
  }

  render() {
    window.clearTimeout(this.#timer);
    this.#timer = 0;
    const { known, current, open } = this.#rooms;
    const sorted = [...known].sort((a, b) => Number(b.pinned) - Number(a.pinned) || a.name.localeCompare(b.name));
    const add = make(
      "button",
      { type: "button", class: "room-link add", "data-key": "add", click: this.#actions.add },
      icon("plus"),
      this.#i18n.text("page.rooms.add"),
    );
    const focused = this.#list.querySelector(":focus")?.getAttribute("data-key");
    this.#list.replaceChildren(...sorted.map((room) => this.#row(room)), make("li", {}, add));
    const again = focused && this.#list.querySelector(`[data-key="${CSS.escape(focused)}"]`);
    if (again instanceof HTMLElement) again.focus();
    const elsewhere = [...open.values()].some((room) => room !== current && room.unread > 0);
    this.#badge.hidden = !elsewhere;
    const pinned = this.#rooms.isPinned(current.name);
    this.#pin.setAttribute("aria-pressed", String(pinned));
  }

  /** @param {import("./rooms.js").Known} room */
  #row({ name, pinned }) {
    const conversation = this.#rooms.open.get(name);
    const unread = conversation && conversation !== this.#rooms.current ? conversation.unread : 0;
    const here = this.#rooms.current.name === name;
    const link = make(
      "a",
      {
        href: roomURL(name, location.href),
        class: `room-link${unread > 0 ? " unread" : ""}${conversation ? "" : " away"}`,
        "aria-current": here ? "page" : null,
        "data-key": `go ${name}`,
        click: (/** @type {MouseEvent} */ event) => this.#go(event, name),
      },
      make("span", { class: "hash", "aria-hidden": true }, "#"),
      make("bdi", { class: "label" }, name),
    );
    if (unread > 0) {
      const spoken = this.#i18n.count("page.new", unread);
      link.append(
        make(
          "span",
          { class: "badge" },
          make("span", { "aria-hidden": true }, unread > 99 ? "99+" : `${unread}`),
          make("span", { class: "unseen" }, ` ${spoken}`),
        ),
      );
    }
    const text = this.#i18n.text(pinned ? "page.unpin.room" : "page.pin.room", { Room: name });
    const pin = make(
      "button",
      {
        type: "button",
        class: `tiny${pinned ? " on" : ""}`,
        title: text,
        "aria-label": text,
        "data-key": `pin ${name}`,
        click: () => this.#actions.pin(name),
      },
      icon("pin"),
    );
    const off = this.#i18n.text("page.rooms.forget", { Room: name });
    const forget = make(
      "button",
      {
        type: "button",
        class: "tiny",
        title: off,
        "aria-label": off,
        "data-key": `forget ${name}`,
        click: () => this.#actions.forget(name),
      },
      icon("close"),
    );
    return make("li", {}, link, pin, here ? "" : forget);
  }

  /** @param {MouseEvent} event @param {string} name */
  #go(event, name) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return; // a new tab or window
    event.preventDefault();
    this.#actions.go(name);
  }
}
