// @ts-check
// The keys and the commands, for those who ask.

import { COMMANDS, nameOf } from "./commands.js";
import { byId, make } from "./dom.js";

/** @typedef {import("./i18n.js").I18n} I18n */

const MAC = /mac|iphone|ipad/i.test(navigator.platform);
const CONTROL = MAC ? "⌘" : "Ctrl";

/** @type {[string[], string][]} */
const KEYS = [
  [["Enter"], "page.keys.send"],
  [["Shift", "Enter"], "page.keys.line"],
  [[CONTROL, "K"], "page.keys.switch"],
  [["Alt", "↑ ↓"], "page.keys.next"],
  [["End"], "page.keys.end"],
  [["Esc"], "page.keys.close"],
  [["?"], "page.keys.help"],
];

/** @param {I18n} i18n */
export function labelHelp(i18n) {
  for (const hint of document.querySelectorAll("[data-keys]")) {
    hint.textContent = `${CONTROL}${MAC ? "" : " "}${hint.getAttribute("data-keys")}`;
  }
  byId("help-keys", HTMLElement).replaceChildren(
    ...KEYS.flatMap(([keys, id]) => [
      make("dt", {}, ...keys.map((key) => make("kbd", {}, key))),
      make("dd", {}, i18n.text(id)),
    ]),
  );
  byId("help-commands", HTMLElement).replaceChildren(
    ...Object.entries(COMMANDS).flatMap(([command, { argument }]) => {
      const name = nameOf(/** @type {import("./commands.js").Command} */ (command), i18n.language);
      const rest = argument ? ` ${i18n.text(`page.argument.${argument}`)}` : "";
      return [make("dt", {}, make("kbd", {}, name + rest)), make("dd", {}, i18n.text(`page.command.${command}`))];
    }),
    make("dt", {}, make("kbd", {}, "//…")),
    make("dd", {}, i18n.text("page.command.slash")),
  );
}

/** @param {{help: () => void, switcher: () => void, next: (step: number) => void, end: () => void}} actions */
export function listenToKeys({ help, switcher, next, end }) {
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    const writing = target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
    const asked = document.querySelector("dialog[open]") !== null;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      switcher();
    } else if (asked || event.isComposing) {
      return;
    } else if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      next(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "?" && !writing) {
      event.preventDefault();
      help();
    } else if (event.key === "End" && !writing) {
      event.preventDefault();
      end();
    }
  });
}
