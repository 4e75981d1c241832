// @ts-check
// What a text that begins with a slash means. The same names as in the terminal, in both languages. Knows no DOM.

/** @typedef {"help" | "nick" | "join" | "who" | "me" | "history" | "export" | "clear" | "qr" | "queue" | "quit"} Command */

/** @type {Record<Command, {names: string[], argument?: "name" | "room" | "text" | "format"}>} */
export const COMMANDS = {
  help: { names: ["help", "ajuda"] },
  nick: { names: ["nick"], argument: "name" },
  join: { names: ["join", "entrar"], argument: "room" },
  who: { names: ["who", "quem"] },
  me: { names: ["me"], argument: "text" },
  history: { names: ["history", "historico", "histórico"] },
  export: { names: ["export"], argument: "format" },
  clear: { names: ["clear", "limpar"] },
  qr: { names: ["qr"] },
  queue: { names: ["queue", "fila"] },
  quit: { names: ["quit", "sair"] },
};

/**
 * What a person has typed: text to send, a command with what follows it, or a command that does not exist.
 * @param {string} typed
 * @returns {{text: string} | {command: Command, rest: string} | {unknown: string}}
 */
export function parse(typed) {
  if (!typed.startsWith("/")) return { text: typed };
  if (typed.startsWith("//")) return { text: typed.slice(1) };
  const [, word = "", rest = ""] = /^\/(\S*)\s*([\s\S]*)$/.exec(typed) ?? [];
  const name = word.toLowerCase().normalize("NFC");
  for (const [command, { names }] of Object.entries(COMMANDS)) {
    if (names.includes(name)) return { command: /** @type {Command} */ (command), rest: rest.trim() };
  }
  return { unknown: `/${word}` };
}

/**
 * The name of a command as those who speak this language know it.
 * @param {Command} command
 * @param {string} language
 */
export function nameOf(command, language) {
  const { names } = COMMANDS[command];
  return `/${(language === "pt-BR" ? names[1] : names[0]) ?? names[0]}`;
}
