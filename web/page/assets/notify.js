// @ts-check
// What a page says that nobody looks at: a number in its title, a dot on its picture, a notification if wanted.

import { byId } from "./dom.js";
import { textOf } from "./items.js";
import { visibleName } from "./names.js";

const MAX_TEXT = 200;
const SHOW_MS = 100; // between two looks at how much is unread

/** How much is unread in all rooms, on the page's tab. */
export class Badge {
  #rooms;
  #link = byId("favicon", HTMLLinkElement);
  #shownAt = 0;
  #timer = 0;

  /** @param {import("./rooms.js").Rooms} rooms */
  constructor(rooms) {
    this.#rooms = rooms;
  }

  /** Shows it at once, unless that has just been done: thousands of messages may come together. */
  changed() {
    if (this.#timer) return;
    if (Date.now() - this.#shownAt > SHOW_MS) this.show();
    else this.#timer = window.setTimeout(() => this.show(), SHOW_MS);
  }

  show() {
    window.clearTimeout(this.#timer);
    this.#timer = 0;
    this.#shownAt = Date.now();
    let unread = 0;
    for (const conversation of this.#rooms.open.values()) unread += conversation.unread;
    document.title = `${unread > 0 ? `(${unread}) ` : ""}#${this.#rooms.current.name} · recado`;
    const picture = `assets/icon${unread > 0 ? "-unread" : ""}.svg`;
    if (this.#link.getAttribute("href") !== picture) this.#link.setAttribute("href", picture);
  }
}

/** Whether this browser can notify here at all: not over plain http from another computer. */
export function canNotify() {
  return typeof Notification === "function" && isSecureContext && Notification.permission !== "denied";
}

/** Asks the person, if need be. */
export async function mayNotify() {
  return canNotify() && (await Notification.requestPermission()) === "granted";
}

/** @param {string} room @param {import("./items.js").Said} item */
export function notify(room, item) {
  if (!document.hidden || !canNotify() || Notification.permission !== "granted") return;
  const body = (textOf(item) ?? "…").slice(0, MAX_TEXT);
  try {
    const note = new Notification(`${visibleName(item.from.name)} · #${room}`, {
      body,
      tag: `recado:${room}`,
      icon: "assets/icon-192.png",
      silent: true,
    });
    note.onclick = () => window.focus();
  } catch {
    // Some browsers have notifications for service workers only.
  }
}
