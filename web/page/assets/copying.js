// @ts-check
// What is copied from the log is what was written, its backticks and line breaks included; of several messages with
// who said it and when.

/** @param {HTMLElement} log */
export function copyAsWritten(log) {
  log.addEventListener("copy", (event) => {
    const selection = document.getSelection();
    if (!event.clipboardData || !selection || selection.isCollapsed) return;
    const range = selection.getRangeAt(0);
    const found = [...log.querySelectorAll(".message")]
      .map((message) => ({ message, text: written(message.querySelector(".text"), range) }))
      .filter(({ text }) => text !== "");
    if (found.length === 0) return;
    const lines = found.map(({ message, text }) => {
      const time = message.querySelector("time")?.textContent;
      return `[${time}] ${message.getAttribute("data-from")}: ${text}`;
    });
    event.clipboardData.setData("text/plain", found.length === 1 ? (found[0]?.text ?? "") : lines.join("\n"));
    event.preventDefault();
  });
}

/**
 * The selected part of a message's text, as it was written.
 * @param {Element | null} place
 * @param {Range} selected
 */
function written(place, selected) {
  if (!place || !selected.intersectsNode(place)) return "";
  const range = selected.cloneRange();
  if (!place.contains(range.startContainer)) range.setStart(place, 0);
  if (!place.contains(range.endContainer)) range.setEnd(place, place.childNodes.length);
  const part = range.cloneContents(); // of a piece of code alone: without its backticks
  for (const code of part.querySelectorAll("code")) {
    const { textContent: text, nextSibling: next } = code;
    const fence = `\`\`\`${code.getAttribute("data-info") ?? ""}\n${text}\n\`\`\`${next ? "\n" : ""}`;
    code.replaceWith(code.className === "fence" ? fence : `\`${text}\``);
  }
  return part.textContent ?? "";
}
