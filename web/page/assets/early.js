// @ts-check
// What must be known before the page is drawn: whether it is light or dark, and whether it is to speak another language.
// A script, not a module: no browser draws anything before it has run.

try {
  const { dataset, lang } = document.documentElement;
  dataset.theme = localStorage.getItem("recado:theme") ?? "";
  // The server has written the page in the browser's language: not to be seen by who has chosen the other one.
  if (![null, lang].includes(localStorage.getItem("recado:language"))) dataset.foreign = "";
} catch {
  // Nothing is remembered where localStorage is forbidden.
}

// Without its modules the page is dead, and has to say so.
addEventListener(
  "error",
  ({ target }) => {
    const failed = document.getElementById("failed");
    if (target instanceof HTMLScriptElement && failed) failed.hidden = false;
  },
  true,
);
