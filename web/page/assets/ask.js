// @ts-check
// Asks a person for one line of text.

import { byId } from "./dom.js";

/**
 * Resolves to what was typed, or to null.
 * @param {{title: string, hint: string, value?: string, max: number, secret?: boolean}} question
 * @returns {Promise<string | null>}
 */
export function ask({ title, hint, value = "", max, secret = false }) {
  const dialog = byId("ask", HTMLDialogElement);
  const text = byId("ask-text", HTMLInputElement);
  byId("ask-title", HTMLElement).textContent = title;
  byId("ask-hint", HTMLElement).textContent = hint;
  text.type = secret ? "password" : "text";
  text.maxLength = max;
  text.value = value;
  dialog.returnValue = "";
  dialog.showModal();
  text.select();
  return new Promise((resolve) => {
    const form = byId("ask-form", HTMLFormElement);
    let answer = /** @type {string | null} */ (null);
    form.onsubmit = () => {
      answer = text.value.trim();
    };
    dialog.onclose = () => {
      text.value = "";
      resolve(answer);
    };
  });
}
