// @ts-check
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { choose, I18n, LANGUAGES } from "../../page/assets/i18n.js";
import { dayName } from "../../page/assets/times.js";

/** @param {string} path from the web folder */
const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** @param {string} language */
const table = (language) =>
  Object.assign(
    JSON.parse(read(`../internal/locale/texts/states.${language}.json`)),
    JSON.parse(read(`../internal/locale/texts/page.${language}.json`)),
  );

/** @param {string} language */
async function speaking(language) {
  const i18n = new I18n(async (wanted) => table(wanted));
  await i18n.use(language);
  return i18n;
}

describe("i18n", () => {
  test("chooses the first language it knows", () => {
    assert.equal(choose(["pt-PT", "en"]), "pt-BR");
    assert.equal(choose(["pt_BR"]), "pt-BR");
    assert.equal(choose(["de", "en-GB", "pt"]), "en");
    assert.equal(choose(["de"]), "en");
    assert.equal(choose([]), "en");
  });

  test("fills facts in and has plural forms", async () => {
    const en = await speaking("en");
    assert.equal(en.text("states.reconnecting.wait", { Seconds: 8 }), "Connection lost. Retrying in 8 s");
    assert.equal(en.count("page.new", 1), "1 new message");
    assert.equal(en.count("page.new", 0), "0 new messages");
    assert.equal(en.count("page.binary", 1504), "binary, 1,504 bytes");
    const pt = await speaking("pt-BR");
    assert.equal(pt.count("page.new", 1), "1 nova mensagem");
    assert.equal(pt.count("page.new", 3), "3 novas mensagens");
    assert.equal(pt.count("page.binary", 2_000_000), "binário, 2.000.000 bytes", "many has no form of its own");
    assert.equal(pt.size(100_000), "98 KiB");
    assert.equal(pt.size(1600), "1,6 KiB");
    assert.equal(pt.text("no.such"), "no.such");
  });

  test("puts no fact into another one's place", async () => {
    const i18n = await speaking("en");
    assert.equal(i18n.text("page.composer", { Room: "{{.Room}}$&" }), "Message to #{{.Room}}$&");
  });

  test("keeps its language when the other cannot be had", async () => {
    let served = 0;
    const i18n = new I18n(async (language) => {
      served++;
      if (language !== "en") throw new Error("no server");
      return table(language);
    });
    await i18n.use("en");
    await assert.rejects(i18n.use("pt-BR"));
    assert.equal(i18n.language, "en");
    await i18n.use("en");
    assert.equal(served, 2, "a table is fetched once");
    await assert.rejects(i18n.use("pt-BR"));
    assert.equal(served, 3, "a failure is not remembered");
  });

  test("names days", async () => {
    const [pt, en] = [await speaking("pt-BR"), await speaking("en")];
    const now = new Date(2025, 10, 22, 0, 30);
    assert.equal(dayName(new Date(2025, 10, 22, 0, 1), now, pt), "hoje, 22 de nov.");
    assert.equal(dayName(new Date(2025, 10, 21, 23, 59), now, pt), "ontem, 21 de nov.");
    assert.equal(dayName(new Date(2025, 10, 21, 23, 59), now, en), "yesterday, Nov 21");
    assert.equal(dayName(new Date(2025, 10, 20), now, en), "Thursday, November 20, 2025");
  });

  test("the page has every text it uses, and uses every text it has", () => {
    const folder = new URL("../../page/assets/", import.meta.url);
    const modules = readdirSync(folder).filter((name) => name.endsWith(".js"));
    const source = [read("page/index.html"), ...modules.map((name) => read(`page/assets/${name}`))].join("\n");
    const exact = new Set(source.match(/(?<=["'`])(states|page)\.[a-z0-9_.]*[a-z0-9_](?=["'`])/g));
    // `states.${state}` and the like
    const open = [...new Set(source.match(/(?<=`)(states|page)\.[a-z_.]*(?=\$\{)/g))];
    for (const language of LANGUAGES) {
      const ids = Object.keys(table(language));
      for (const id of exact) assert.ok(ids.includes(id), `${language}: no text ${id}`);
      for (const id of ids) {
        assert.ok(exact.has(id) || open.some((start) => id.startsWith(start)), `${language}: ${id} is never used`);
      }
    }
  });
});
