// @ts-check
// How the page brings others in, and hands out what was said.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "../support/browser.js";
import { endAll } from "../support/cleanup.js";
import { nodeClient } from "../support/clients.js";
import { commonServer } from "../support/server.js";

const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };
const NETWORK = ["http://192.168.0.12:8000", "http://10.0.0.2:8000"];

describe("sharing", () => {
  /** @type {import("../support/server.js").Server} */
  let server;
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([commonServer(), launch()]);
  });
  after(endAll);

  const clipboard = (/** @type {Person} */ person) => person.page.evaluate(() => navigator.clipboard.readText());

  test("an address that only this computer can open is not for phones", async () => {
    const ana = await Person.arrive(browser, { ...CLIPBOARD, locale: "pt-BR" });
    await ana.join(server.page("share"));
    await ana.reads("#empty [data-loopback]", /^Só este computador abre .* recado serve --lan$/);
    await ana.page.click("#empty [data-copy]");
    await ana.reads("#announcer", /^Copiado$/);
    assert.equal(await clipboard(ana), server.page("share"));
    await ana.page.click("#qr-button");
    await ana.page.waitForSelector("#qr [data-loopback]");
    assert.equal(await ana.page.isVisible("#qr-code"), false, "a phone would look for the server in itself");
    assert.equal(await ana.page.isVisible("#qr [data-open]"), false);
    await ana.page.keyboard.press("Escape");
    await ana.page.click('[data-copy="curl"]');
    await ana.page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("curl"));
    const command = await clipboard(ana);
    assert.equal(command, `curl -d 'Olá!' '${server.page("share")}'`);
    execFileSync("sh", ["-c", command]);
    await ana.heard(["Olá!"]);
    await ana.leave();
  });

  for (const open of [true, false]) {
    test(`on a network everybody gets the address there, ${open ? "and a warning" : "with a token"}`, async () => {
      const ana = await Person.arrive(browser, CLIPBOARD);
      const answer = { version: "1", open, lan: NETWORK };
      await ana.page.route("**/v1/info", (route) => route.fulfill({ json: answer }));
      await ana.join(server.page("share"));
      await ana.reads("#address", /^192\.168\.0\.12:8000\/share$/);
      assert.equal(await ana.page.isVisible("#empty [data-loopback]"), false);
      await ana.page.click("#qr-button");
      await ana.page.waitForSelector("#qr-code svg path");
      const code = () => ana.page.getAttribute("#qr-code svg", "aria-label");
      assert.equal(await code(), `${NETWORK[0]}/share`);
      assert.equal(await ana.page.isVisible("#qr [data-open]"), open);
      await ana.page.click("#qr-other");
      await ana.reads("#qr-address", /^http:\/\/10\.0\.0\.2:8000\/share$/);
      await ana.page.click("#qr-other");
      await ana.reads("#qr-address", /^http:\/\/192/);
      await ana.page.click("#qr [data-copy]");
      await ana.reads("#announcer", /^Copied$/);
      assert.equal(await clipboard(ana), `${NETWORK[0]}/share`);
      await ana.leave();
    });
  }

  test("who comes over the network shares the address that is open", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("share", "chat.lan"));
    await ana.page.click("#qr-button");
    await ana.page.waitForSelector("#qr-code svg path");
    assert.equal(await ana.page.getAttribute("#qr-code svg", "aria-label"), server.page("share", "chat.lan"));
    await ana.page.waitForSelector("#qr [data-open]");
    await ana.leave();
  });

  test("what is copied from the log is what was written", async () => {
    const ana = await Person.arrive(browser, CLIPBOARD);
    const program = await nodeClient(server.socket("written?name=beto"));
    await ana.join(server.page("written"));
    const texts = ["see `ls -l`\nand\n```sh\ncd /\nls\n```\nthen https://exemplo.com", "second"];
    for (const text of texts) program.say(text);
    await ana.page.waitForSelector(".other:nth-of-type(4), .other + .other");
    /** @param {string} from @param {string} to */
    const copied = async (from, to) => {
      await ana.page.evaluate(
        ([first, last]) => {
          const range = document.createRange();
          range.setStartBefore(document.querySelector(first ?? "")?.firstChild ?? document.body);
          range.setEndAfter(document.querySelector(last ?? "")?.lastChild ?? document.body);
          document.getSelection()?.removeAllRanges();
          document.getSelection()?.addRange(range);
          document.execCommand("copy");
        },
        [from, to],
      );
      return clipboard(ana);
    };
    const [first, second] = [".other:not(.other ~ .other)", ".other ~ .other"];
    assert.equal(await copied(`${first} .text`, `${first} .text`), texts[0]);
    assert.equal(await copied(`${first} .fence`, `${first} .fence`), "cd /\nls", "a piece of code is code");
    const time = (await ana.page.textContent(`${first} time`)) ?? "";
    const lines = (await copied(first, second)).replaceAll(/\[\d\d:\d\d\]/g, `[${time}]`);
    assert.equal(lines, `[${time}] beto: ${texts[0]}\n[${time}] beto: second`);
    await program.leave();
    await ana.leave();
  });

  test("what was said can be saved as a file", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("file"));
    await ana.say("oi, `curl`");
    await ana.marked(["sent"]);
    await ana.page.fill("#text", "/export md");
    const download = ana.page.waitForEvent("download");
    await ana.page.keyboard.press("Enter");
    const file = await download;
    assert.equal(file.suggestedFilename(), "file.md");
    assert.match(readFileSync(await file.path(), "utf8"), /oi, `curl`/);
    await ana.leave();
  });
});
