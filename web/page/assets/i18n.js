// @ts-check
// The texts in the chosen language. They come as JSON: {"id": "text {{.Fact}}"} or {"id": {"one": …, "other": …}}.

/** @typedef {Record<string, string | Record<string, string>>} Table */
/** @typedef {Record<string, string | number>} Facts */

export const LANGUAGES = ["pt-BR", "en"];

/**
 * The first language that is wanted and known, else English.
 * @param {readonly string[]} wanted such as navigator.languages
 */
export function choose(wanted) {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split(/[-_]/)[0];
    if (base === "pt") return "pt-BR";
    if (base === "en") return "en";
  }
  return "en";
}

export class I18n {
  #read;
  /** @type {Map<string, Promise<Table>>} */
  #tables = new Map();
  /** @type {Table} */
  #table = {};
  #plural = new Intl.PluralRules("en");
  #language = "en";

  /** @param {(language: string) => Promise<Table>} read */
  constructor(read) {
    this.#read = read;
  }

  get language() {
    return this.#language;
  }

  /**
   * Speaks this language from now on; rejects, and keeps the one before, when its texts cannot be had.
   * @param {string} language
   */
  async use(language) {
    this.#table = await this.load(language);
    this.#language = language;
    this.#plural = new Intl.PluralRules(language);
  }

  /**
   * Fetches the texts of a language, once: it can be used without a connection then.
   * @param {string} language
   */
  load(language) {
    const table = this.#tables.get(language) ?? this.#read(language);
    this.#tables.set(language, table);
    table.catch(() => this.#tables.delete(language));
    return table;
  }

  /**
   * @param {string} id
   * @param {Facts} [facts]
   */
  text(id, facts = {}) {
    const text = this.#table[id];
    return typeof text === "string" ? fill(text, facts) : id;
  }

  /**
   * Whether there is a text with this id.
   * @param {string} id
   */
  has(id) {
    return id in this.#table;
  }

  /**
   * The text in the plural form that n wants; {{.Count}} in it is n.
   * @param {string} id
   * @param {number} n
   * @param {Facts} [facts]
   */
  count(id, n, facts = {}) {
    const forms = this.#table[id];
    if (typeof forms !== "object") return id;
    return fill(forms[this.#plural.select(n)] ?? forms.other ?? id, { Count: this.number(n), ...facts });
  }

  /** @param {number} n */
  number(n) {
    return n.toLocaleString(this.#language);
  }

  /**
   * A size as people say it.
   * @param {number} bytes
   */
  size(bytes) {
    if (bytes < 1024) return `${bytes} B`;
    const [value, unit] = bytes < 1024 * 1024 ? [bytes / 1024, "KiB"] : [bytes / 1024 / 1024, "MiB"];
    return `${value.toLocaleString(this.#language, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`;
  }
}

/**
 * @param {string} text
 * @param {Facts} facts
 */
function fill(text, facts) {
  return text.replace(/\{\{\.(\w+)\}\}/g, (mention, name) => String(facts[name] ?? mention));
}
