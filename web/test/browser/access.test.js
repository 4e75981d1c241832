// @ts-check
// Servers that ask who one is: the page says so, and takes a token or a password.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "../support/browser.js";
import { endAll } from "../support/cleanup.js";
import { startServer } from "../support/server.js";

const PASSWORD = "correct horse";

describe("access", () => {
  const folder = mkdtempSync(join(tmpdir(), "recado-"));
  const file = (/** @type {string} */ name) => join(folder, name);
  /** @type {import("../support/server.js").Server} */
  let server;
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    writeFileSync(file("password"), PASSWORD, { mode: 0o600 });
    writeFileSync(file("secret"), "0123456789abcdef0123456789abcdef", { mode: 0o600 });
    const args = ["--password-file", file("password"), "--token-secret-file", file("secret")];
    [server, browser] = await Promise.all([startServer({ args }), launch()]);
  });
  after(async () => {
    await endAll();
    rmSync(folder, { recursive: true });
  });

  /** @param {string} rooms */
  const token = (rooms) => {
    const args = ["token", "new", "--secret-file", file("secret"), "--sub", "ana", "--room", rooms, "--expires", "1h"];
    return execFileSync(process.env.RECADO_BIN ?? "", args, { encoding: "utf8" }).trim();
  };

  for (const [locale, title, hint, wrong, forbidden] of /** @type {[string, RegExp, RegExp, RegExp, RegExp][]} */ ([
    [
      "pt-BR",
      /^Esta sala quer saber quem é você\.$/,
      /^Peça um token ou a senha a quem cuida deste servidor\.$/,
      /^Seu acesso é inválido ou expirou\.$/,
      /^Você não pode entrar nesta sala\.$/,
    ],
    [
      "en-US",
      /^This room wants to know who you are\.$/,
      /^Ask whoever runs this server for a token or the password\.$/,
      /^Your access is invalid or has expired\.$/,
      /^You may not enter this room\.$/,
    ],
  ])) {
    test(`is asked for, refused and given in ${locale}`, async () => {
      const ana = await Person.arrive(browser, { locale });
      await ana.page.goto(server.page("ops"));
      await ana.state("refused");
      await ana.reads("#refused-title", title);
      await ana.reads("#refused-hint", hint);

      const answer = async (/** @type {string} */ text) => {
        await ana.page.click("#refused-token");
        assert.equal(await ana.page.getAttribute("#ask-text", "type"), "password");
        await ana.page.fill("#ask-text", text);
        await ana.page.keyboard.press("Enter");
      };
      await answer("nonsense");
      await ana.reads("#refused-title", wrong);
      await answer(token("elsewhere=subscribe,publish"));
      await ana.reads("#refused-title", forbidden);
      await answer(PASSWORD);
      await ana.state("connected");
      await ana.say("let in");
      await ana.marked(["sent"]);

      await ana.page.reload();
      await ana.state("connected");
      const another = new Person(await ana.page.context().newPage());
      await another.page.goto(server.page("ops"));
      await another.state("refused"); // a token is a tab's own
      await ana.leave();
    });
  }

  test("may be to read only, which is said when it matters", async () => {
    const beto = await Person.arrive(browser);
    await beto.join(`${server.page("quiet")}#token=${token("quiet=subscribe,publish,presence")}`);
    const ana = await Person.arrive(browser);
    await ana.join(`${server.page("quiet")}#token=${token("quiet=subscribe,presence")}`);
    await ana.page.waitForFunction(() => /2/.test(document.getElementById("people-title")?.textContent ?? ""));
    await ana.page.focus("#text");
    await ana.page.keyboard.type("may I?");
    await ana.page.keyboard.press("Enter");
    await ana.marked(["forbidden"]);
    await ana.reads(".actions", /^You may not write in this room/);
    assert.equal(await ana.page.locator(".notice").count(), 0, "that nobody sees her typing is worth no words");
    await ana.page.click(".actions button");
    assert.equal(await ana.page.inputValue("#text"), "may I?");
    await ana.page.fill("#text", "/nick \u200b");
    await ana.page.keyboard.press("Enter");
    await ana.reads(".notice", /^The server does not take this name\.$/);
    await ana.leave();
    await beto.leave();
  });

  test("comes in the address's fragment, which does not stay in sight", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(`${server.page("ops")}#token=${token("ops=subscribe,publish,presence,history")}`);
    assert.equal(ana.page.url(), server.page("ops"));
    await ana.say("with a token");
    await ana.marked(["sent"]);
    await ana.page.click("#qr-button");
    await ana.page.waitForSelector("#qr [data-loopback]");
    assert.equal(await ana.page.textContent("#qr-address"), server.page("ops"), "what lets one in is not shared");
    await ana.page.keyboard.press("Escape");
    await ana.page.click("#switch-button");
    await ana.page.keyboard.type("elsewhere");
    await ana.page.keyboard.press("Enter");
    await ana.reads("#refused-title", /^You may not enter this room\.$/);
    await ana.page.click("#rooms a:has-text('ops')");
    await ana.state("connected");
    await ana.leave();
  });
});
