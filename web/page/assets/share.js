// @ts-check
// The ways to bring others in: the link, the QR code, the command for programs.

import { copy } from "./clipboard.js";
import { byId, make } from "./dom.js";
import { isLoopback } from "./room.js";
import { learnTime } from "./times.js";

/** @typedef {import("./i18n.js").I18n} I18n */

const COPIED_MS = 2000;
const COMMAND = "recado serve --lan";

export class Sharing {
  #i18n;
  #room;
  #token;
  #here = isLoopback(location.hostname); // an address that leads every other device to itself
  #open = false; // to everybody who finds it
  #asked = false;
  /** @type {string[]} where other devices find the server that is on this computer */ #lan = [];
  #chosen = 0;

  /** @param {I18n} i18n @param {() => string} room @param {() => string} token */
  constructor(i18n, room, token) {
    this.#i18n = i18n;
    this.#room = room;
    this.#token = token;
    for (const button of document.querySelectorAll("[data-copy]")) {
      if (button instanceof HTMLElement) button.addEventListener("click", () => this.#copyFrom(button));
    }
    for (const button of document.querySelectorAll("#qr-button, [data-qr]")) {
      button.addEventListener("click", () => this.showCode());
    }
    byId("qr-other", HTMLElement).addEventListener("click", () => {
      this.#chosen++;
      this.#render();
    });
    const share = byId("qr-share", HTMLButtonElement);
    share.hidden = typeof navigator.share !== "function";
    share.addEventListener("click", () => {
      navigator.share({ title: `#${room()} · recado`, url: this.link }).catch(() => {}); // the person has thought better of it
    });
  }

  /** The address of the room that is open, for others, without anything that is nobody else's business. */
  get link() {
    return (this.#lan[this.#chosen % this.#lan.length] ?? location.origin) + location.pathname;
  }

  /** Says where the room is, and who can get there. */
  label() {
    const { host, pathname } = new URL(this.link);
    byId("address", HTMLElement).textContent = host + (pathname === "/" ? "" : decodeURI(pathname));
    const [before = "", after = ""] = this.#i18n.text("page.empty.loopback", { Command: "\n" }).split("\n");
    for (const place of document.querySelectorAll("[data-loopback]")) {
      place.replaceChildren(before, make("code", {}, COMMAND), after);
      if (place instanceof HTMLElement) place.hidden = !this.#alone;
    }
    for (const place of document.querySelectorAll("[data-open]")) {
      if (place instanceof HTMLElement) place.hidden = this.#alone || !this.#open;
    }
  }

  /** No other device finds the server. */
  get #alone() {
    return this.#here && this.#lan.length === 0;
  }

  /** Asks the server, once there is a connection to it, and whether anything has changed when that matters. */
  async ask(again = false) {
    if (this.#asked && !again) return;
    this.#asked = true;
    try {
      const token = this.#token();
      const headers = token ? { authorization: `Bearer ${token}` } : undefined;
      const answer = await fetch(new URL("./v1/info", location.href), { headers });
      if (!answer.ok) throw new Error(`${answer.status}`);
      learnTime(Date.parse(answer.headers.get("date") ?? ""));
      const { open = false, lan = [] } = await answer.json();
      this.#open = open;
      this.#lan = this.#here ? lan : [];
      this.label();
    } catch {
      this.#asked = false; // the server is away, or wants a token first
    }
  }

  async showCode() {
    byId("qr-title", HTMLElement).textContent = this.#i18n.text("page.qr.title", { Room: this.#room() });
    this.#render();
    if (!document.querySelector("dialog[open]")) byId("qr", HTMLDialogElement).showModal();
    await this.ask(true);
    this.#render();
  }

  async #render() {
    const { link } = this;
    const place = byId("qr-code", HTMLElement);
    byId("qr-address", HTMLElement).textContent = link;
    byId("qr-other", HTMLElement).hidden = this.#lan.length < 2;
    place.hidden = this.#alone; // a phone that reads it would look for the server in itself
    place.replaceChildren();
    if (this.#alone) return;
    try {
      const { drawCode } = await import("./qr.js");
      if (link === this.link) place.replaceChildren(drawCode(link));
    } catch {
      // No server to load it from: the address is there.
    }
  }

  /** @param {HTMLElement} button */
  async #copyFrom(button) {
    const i18n = this.#i18n;
    const wanted = button.dataset.copy === "curl" ? curl(this.link, i18n.text("page.hello")) : this.link;
    if (!(await copy(wanted))) {
      window.prompt(i18n.text("page.copy.manual"), wanted);
      return;
    }
    button.classList.add("done");
    byId("announcer", HTMLElement).textContent = i18n.text("page.copied");
    window.setTimeout(() => button.classList.remove("done"), COPIED_MS);
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
