// @ts-check
// The ways to bring others in: the link, the QR code, the command for programs.

import { copy } from "./clipboard.js";
import { byId, make } from "./dom.js";
import { isLoopback } from "./room.js";

/** @typedef {import("./i18n.js").I18n} I18n */

const COPIED_MS = 2000;

/** The address of the room that is open, without anything that is nobody else's business. */
export function link() {
  return location.origin + location.pathname;
}

/** @param {I18n} i18n @param {() => string} room */
export function offerSharing(i18n, room) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (button instanceof HTMLElement) button.addEventListener("click", () => copyFrom(i18n, button));
  }
  for (const button of document.querySelectorAll("#qr-button, [data-qr]")) {
    button.addEventListener("click", () => showCode(i18n, room()));
  }
  const share = byId("qr-share", HTMLButtonElement);
  share.hidden = typeof navigator.share !== "function";
  share.addEventListener("click", () => {
    navigator.share({ title: `#${room()} · recado`, url: link() }).catch(() => {}); // the person has thought better of it
  });
}

/** Says where the room is, and who can get there. @param {I18n} i18n */
export function labelSharing(i18n) {
  const address = location.host + (location.pathname === "/" ? "" : decodeURI(location.pathname));
  byId("address", HTMLElement).textContent = address;
  const [before = "", after = ""] = i18n.text("page.empty.loopback", { Command: "\n" }).split("\n");
  for (const place of document.querySelectorAll("[data-loopback]")) {
    place.replaceChildren(before, make("code", {}, "recado serve --lan"), after);
    if (place instanceof HTMLElement) place.hidden = !isLoopback(location.hostname);
  }
}

/** @param {I18n} i18n @param {string} room */
export async function showCode(i18n, room) {
  byId("qr-title", HTMLElement).textContent = i18n.text("page.qr.title", { Room: room });
  byId("qr-address", HTMLElement).textContent = link();
  const place = byId("qr-code", HTMLElement);
  place.replaceChildren();
  if (!document.querySelector("dialog[open]")) byId("qr", HTMLDialogElement).showModal();
  try {
    const { drawCode } = await import("./qr.js");
    place.replaceChildren(drawCode(link()));
  } catch {
    // No server to load it from: the address is there.
  }
}

/**
 * The command that says something in the room from a terminal.
 * @param {string} address
 * @param {string} text
 */
export function curl(address, text) {
  return `curl -d '${text}' '${address.replaceAll("'", "%27")}'`;
}

/** @param {I18n} i18n @param {HTMLElement} button */
async function copyFrom(i18n, button) {
  const wanted = button.dataset.copy === "curl" ? curl(link(), i18n.text("page.hello")) : link();
  if (!(await copy(wanted))) {
    window.prompt(i18n.text("page.copy.manual"), wanted);
    return;
  }
  button.classList.add("done");
  byId("announcer", HTMLElement).textContent = i18n.text("page.copied");
  window.setTimeout(() => button.classList.remove("done"), COPIED_MS);
}
