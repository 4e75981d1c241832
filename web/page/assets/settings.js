// @ts-check
// The page's settings: language, appearance, timestamps, notifications.

import { byId } from "./dom.js";
import { canNotify, mayNotify } from "./notify.js";

/**
 * @param {import("./i18n.js").I18n} i18n
 * @param {import("./store.js").Store} store
 * @param {() => void} relabel is called when the language is another
 */
export function offerSettings(i18n, store, relabel) {
  const panel = byId("settings", HTMLDialogElement);
  const hint = byId("notify-hint", HTMLElement);
  /** @type {Record<string, {now: string, set: (value: string) => unknown}>} */
  const settings = {
    language: {
      now: i18n.language,
      set: async (language) => {
        await i18n.use(language);
        store.set("language", language);
        relabel();
      },
    },
    theme: {
      now: store.get("theme"),
      set: (theme) => {
        applyTheme(theme);
        store.set("theme", theme);
      },
    },
    times: {
      now: store.get("times"),
      set: (times) => {
        document.body.dataset.times = times;
        store.set("times", times);
      },
    },
    notify: {
      now: canNotify() && Notification.permission === "granted" ? store.get("notify") : "",
      set: async (wanted) => {
        const value = wanted && (await mayNotify()) ? "on" : "";
        store.set("notify", value);
        check("notify", value);
        if (wanted && !value) hint.textContent = i18n.text("page.notify.cannot");
      },
    },
  };
  const check = (/** @type {string} */ name, /** @type {string} */ value) => {
    for (const choice of panel.querySelectorAll("input"))
      if (choice.name === name) choice.checked = choice.value === value;
  };
  document.body.dataset.times = store.get("times");
  applyTheme(store.get("theme"));
  for (const [name, { now }] of Object.entries(settings)) check(name, now);
  for (const choice of panel.querySelectorAll("input")) {
    choice.addEventListener("change", () => settings[choice.name]?.set(choice.value));
  }
  byId("settings-button", HTMLButtonElement).addEventListener("click", () => {
    panel.showModal();
    [...panel.querySelectorAll("input")].find(({ checked }) => checked)?.focus(); // and not what is not chosen
  });
  panel.addEventListener("click", (event) => {
    if (event.target === panel) panel.close(); // beside it
  });
}

/**
 * The appearance is the reader's choice, or what the system says; so is the colour that a phone has around the page.
 * @param {string} theme "light", "dark" or "" for automatic
 */
function applyTheme(theme) {
  document.documentElement.dataset.theme = theme;
  for (const meta of document.querySelectorAll("meta")) {
    const own = meta.dataset.theme;
    if (own) meta.media = theme === "" ? `(prefers-color-scheme: ${own})` : theme === own ? "all" : "not all";
  }
}

/** @param {import("./i18n.js").I18n} i18n */
export function labelSettings(i18n) {
  byId("notify-hint", HTMLElement).textContent = canNotify() ? "" : i18n.text("page.notify.cannot");
}
