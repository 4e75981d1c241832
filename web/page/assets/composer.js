// @ts-check
// The box to write in. Enter sends where there is a keyboard; the text stays until it has been taken.

import { byId } from "./dom.js";

/** @typedef {import("./i18n.js").I18n} I18n */

const SAVE_MS = 300;

export class Composer {
  #i18n;
  #room = "";
  #drafts;
  #form = byId("composer", HTMLFormElement);
  #text = byId("text", HTMLTextAreaElement);
  #send = byId("send", HTMLButtonElement);
  #hint = byId("hint", HTMLElement);
  #problem = byId("problem", HTMLElement);
  #touch = matchMedia("(hover: none) and (pointer: coarse)");
  #timer = 0;

  /**
   * @param {I18n} i18n
   * @param {{get: (room: string) => string, set: (room: string, text: string) => void}} drafts
   * @param {{submit: (text: string) => string, typing: () => void, help: () => void}} actions
   *   submit takes a text and returns "", or says why it cannot
   */
  constructor(i18n, drafts, { submit, typing, help }) {
    this.#i18n = i18n;
    this.#drafts = drafts;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(submit);
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key === "?" && this.#text.value === "" && !event.isComposing) {
        event.preventDefault();
        help();
      }
      if (!this.#sends(event)) return;
      event.preventDefault();
      this.#submit(submit);
    });
    this.#text.addEventListener("input", () => {
      this.#edited();
      if (this.#text.value.trim() !== "" && !/^\/(?!\/)/.test(this.#text.value)) typing();
    });
    window.addEventListener("pagehide", () => this.#save());
    this.#touch.addEventListener("change", () => this.relabel());
  }

  /** Writes to this room from now on; what was begun for the one before is kept for that. @param {string} room */
  show(room) {
    if (this.#room !== "") this.#save();
    this.#room = room;
    this.#text.value = this.#drafts.get(room);
    this.#say("");
    this.#fit();
    this.relabel();
    this.focus();
  }

  focus() {
    // On a phone the keyboard would cover the room before anyone has seen it.
    if (!this.#touch.matches) this.#text.focus();
  }

  relabel() {
    this.#text.placeholder = this.#i18n.text("page.composer", { Room: this.#room });
    this.#text.setAttribute("aria-label", this.#text.placeholder);
    this.#hint.textContent = this.#touch.matches ? "" : this.#i18n.text("page.composer.hint");
  }

  /**
   * Puts text back into the box, before what is there already.
   * @param {string} text
   */
  restore(text) {
    this.#text.value = this.#text.value === "" ? text : `${text}\n${this.#text.value}`;
    this.#edited();
    this.#text.focus();
  }

  /** @param {KeyboardEvent} event */
  #sends(event) {
    // 229: the Enter that ends an input method's composition in Safari, where isComposing is false by then.
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return false;
    if (event.ctrlKey || event.metaKey) return true;
    return !event.shiftKey && !event.altKey && !this.#touch.matches;
  }

  /** @param {(text: string) => string} submit */
  #submit(submit) {
    if (this.#text.value.trim() === "") return;
    const problem = submit(this.#text.value);
    if (problem === "") {
      this.#text.value = "";
      this.#edited();
      this.#save();
    }
    this.#say(problem);
    this.#text.focus();
  }

  #edited() {
    this.#say("");
    this.#fit();
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#save(), SAVE_MS);
  }

  #save() {
    window.clearTimeout(this.#timer);
    if (this.#text.value !== this.#drafts.get(this.#room)) this.#drafts.set(this.#room, this.#text.value);
  }

  /** @param {string} problem */
  #say(problem) {
    this.#problem.textContent = problem;
    this.#hint.hidden = problem !== "";
    this.#text.setAttribute("aria-invalid", String(problem !== ""));
  }

  /** Makes the box as high as its text; the style sheet sets the limit. */
  #fit() {
    this.#send.disabled = this.#text.value.trim() === "";
    if (CSS.supports("field-sizing", "content")) return;
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}
