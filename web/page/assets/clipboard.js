// @ts-check
// Copies text, also where the page is no secure context (plain http on a network) and the clipboard API is missing.

/**
 * Whether text is in the clipboard now.
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // no API, or no permission
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const focused = document.activeElement;
  const box = document.createElement("textarea");
  box.value = text;
  box.className = "unseen";
  document.body.append(box);
  box.select();
  let copied = false;
  try {
    copied = document.execCommand("copy");
  } catch {
    // The caller shows the text instead.
  }
  box.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
