// @ts-check
// Several people, several rooms, and the same tab once more.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "../support/browser.js";
import { endAll } from "../support/cleanup.js";
import { nodeClient } from "../support/clients.js";
import { commonServer } from "../support/server.js";

const CONTROL_K = "Control+K";

describe("people and rooms", () => {
  /** @type {import("../support/server.js").Server} */
  let server;
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([commonServer(), launch()]);
  });
  after(endAll);

  test("people have names, are seen to come, write and go", async () => {
    const ana = await Person.arrive(browser, { locale: "pt-BR" });
    await ana.join(server.page("ops"));
    await ana.page.click("#name-button");
    await ana.page.fill("#ask-text", "ana");
    await ana.page.keyboard.press("Enter");
    await ana.reads("#self-name", /^ana$/);
    const beto = await Person.arrive(browser);
    await beto.join(server.page("ops"));
    await beto.reads("#people-list", /ana/);
    await beto.page.fill("#text", "/nick beto");
    await beto.page.keyboard.press("Enter");
    await ana.reads("#people-list", /beto/);
    await ana.reads("#people-title", /^Pessoas \(2\)$/);
    await ana.reads(".presence", /entrou$/);
    await beto.page.locator("#text").pressSequentially("oi");
    await ana.reads("#typing", /beto.* está digitando…$/);
    await beto.page.keyboard.press("Enter");
    await ana.heard(["oi"]);
    await ana.reads("#typing", /^$/);
    assert.equal(await ana.page.textContent(".other .name"), "beto");
    await beto.say("de novo");
    await ana.heard(["oi", "de novo"]);
    assert.equal(await ana.page.locator(".other.grouped").count(), 1, "the name stands there once");
    await beto.say("/me acena");
    await ana.reads(".deed", /beto.*acena/);
    const colour = (/** @type {Person} */ person, /** @type {string} */ place) =>
      person.page.$eval(place, (element) => getComputedStyle(element).backgroundColor);
    assert.equal(await colour(ana, ".other .face"), await colour(beto, "#self-face"), "one colour everywhere");
    await beto.page.fill("#text", "/quit");
    await beto.page.keyboard.press("Enter");
    await ana.page.waitForFunction(() => document.querySelectorAll("#people-list li:not(.gone)").length === 1);
    await ana.reads("#people-list .gone", /beto.*saiu$/);
    await ana.reads("#messages > :last-child", /beto.*saiu/);

    // Who loads the page again is still the same, and what was own is own.
    await ana.say("minha");
    await ana.marked(["sent"]);
    const id = () => ana.page.evaluate(() => sessionStorage.getItem("recado:session:ops"));
    const session = await id();
    await ana.page.reload();
    await ana.state("connected");
    await ana.page.waitForSelector(".own");
    assert.deepEqual(await ana.messages("own"), ["minha"]);
    assert.equal(await id(), session);
    assert.equal((await ana.messages("other")).length, 3);
    await ana.reads("#self-name", /^ana$/);
    await ana.leave();
    await beto.leave();
  });

  test("two copies of a tab are two members, and do not fight", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("copies"));
    const opened = ana.page.context().waitForEvent("page");
    await ana.page.evaluate(() => void window.open(location.href));
    const copy = new Person(await opened);
    await copy.state("connected");
    await ana.page.waitForFunction(() => document.getElementById("people-title")?.textContent?.includes("(2)"));
    await ana.state("connected");
    await ana.say("from the first");
    await copy.heard(["from the first"]);
    await copy.say("from the second");
    await ana.heard(["from the second"]);
    assert.deepEqual(await ana.messages("own"), ["from the first"]);
    await ana.leave();
  });

  test("rooms are switched without loading the page, and those that are pinned are heard", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("one"));
    await ana.page.evaluate("window.same = true");
    await ana.page.fill("#text", "half a thought");
    await ana.page.click("#pin-button");
    await ana.page.keyboard.press(CONTROL_K);
    await ana.page.keyboard.type("two words");
    await ana.reads("#switch-hint", /no spaces/);
    await ana.page.fill("#switch-text", "two");
    await ana.page.keyboard.press("Enter");
    await ana.reads("#room", /^two$/);
    await ana.state("connected");
    assert.equal(new URL(ana.page.url()).pathname, "/two");
    assert.equal(await ana.page.inputValue("#text"), "");
    const program = await nodeClient(server.socket("one"));
    program.say("are you there?");
    await ana.reads("#rooms .badge", /^1/);
    await ana.reads("title", /^\(1\) #two · recado$/);
    assert.match(String(await ana.page.getAttribute("#favicon", "href")), /unread/);
    await ana.page.keyboard.press("Alt+ArrowUp");
    await ana.reads("#room", /^one$/);
    await ana.heard(["are you there?"]);
    await ana.reads("title", /^#one · recado$/);
    assert.equal(await ana.page.inputValue("#text"), "half a thought");
    // A room that is neither open nor pinned has no connection.
    const other = await nodeClient(server.socket("two?echo=1"));
    other.say("anyone?");
    await other.inbox.have(1);
    assert.equal(await ana.page.locator("#rooms .badge").count(), 0);
    await ana.page.goBack();
    await ana.reads("#room", /^two$/);
    await ana.heard(["anyone?"]);
    await ana.page.fill("#text", "/entrar one");
    await ana.page.keyboard.press("Enter");
    await ana.reads("#room", /^one$/);
    await ana.page.click('#rooms li:has-text("two") [data-key="forget two"]');
    assert.equal(await ana.page.locator("#rooms a").count(), 1);
    assert.equal(await ana.page.evaluate("window.same"), true);
    await Promise.all([program.leave(), other.leave()]);
    await ana.leave();
  });

  test("what is new since the last visit begins with a line", async () => {
    const ana = await Person.arrive(browser, { viewport: { width: 800, height: 500 } });
    await ana.join(server.page("news"));
    const program = await nodeClient(server.socket("news"));
    for (let i = 0; i < 30; i++) program.say(`old ${i}`);
    await ana.reads(".other:last-child .text", /^old 29$/);
    await ana.page.waitForFunction(() => document.title === "#news · recado");
    await ana.page.goto("about:blank");
    for (let i = 0; i < 90; i++) program.say(`new ${i}`);
    await ana.join(server.page("news"));
    await ana.page.waitForSelector(".divider");
    assert.equal(await ana.page.locator(".divider + .other .text").textContent(), "new 0");
    await ana.reads("#new-text", /^90 new messages$/);
    const seen = await ana.page.locator(".divider").evaluate((line) => {
      const { top } = line.getBoundingClientRect();
      return top > 0 && top < window.innerHeight;
    });
    assert.equal(seen, true, "and that is where reading goes on");
    // What was said before that is the server's.
    await ana.page.$eval("#log", (log) => log.scrollTo(0, 0));
    await ana.page.waitForFunction(() => document.querySelector(".other .text")?.textContent === "old 0");
    await program.leave();
    await ana.leave();
  });
});
