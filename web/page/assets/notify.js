// @ts-check
// What a page says that nobody looks at: a number in its title, a dot on its picture, a notification if wanted.

import { byId } from "./dom.js";
import { textOf } from "./items.js";
import { visibleName } from "./names.js";

const MAX_TEXT = 200;

/** @param {string} room @param {number} unread in all rooms */
export function showUnread(room, unread) {
  document.title = `${unread > 0 ? `(${unread}) ` : ""}#${room} · recado`;
  const picture = `assets/icon${unread > 0 ? "-unread" : ""}.svg`;
  const link = byId("favicon", HTMLLinkElement);
  if (link.getAttribute("href") !== picture) link.setAttribute("href", picture);
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
