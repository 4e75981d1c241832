// @ts-check
// The messages on the page: how they are shown, followed and counted, and that they stay text.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "../support/browser.js";
import { endAll } from "../support/cleanup.js";
import { nodeClient } from "../support/clients.js";
import { commonServer } from "../support/server.js";

const lines = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => `line ${i}`);

// Each of these did harm somewhere once.
const HOSTILE = [
  "<script>window.hit = 1</script>",
  "<img src=x onerror=window.hit=1>",
  '"><svg onload=window.hit=1>',
  "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
  "</textarea></title></style><script>window.hit=1</script>",
  "<a href=javascript:window.hit=1>x</a>",
  "javascript:window.hit=1",
  "javascript://exemplo.com/%0awindow.hit=1",
  "data:text/html,<script>window.hit=1</script>",
  "https://exemplo.com/\"onmouseover='window.hit=1'",
  "https://exemplo.com/<img/src=x/onerror=window.hit=1>",
  'mailto:a@b"onclick=window.hit=1',
  "&lt;img src=x onerror=window.hit=1&gt;",
  "{{constructor.constructor('window.hit=1')()}}",
  "$" + "{window.hit=1}",
  "<math><mtext></mtext><mglyph><style></math><img src onerror=window.hit=1>",
  "<template><img src=x onerror=window.hit=1></template>",
  "\u202e<tpircs>1=tih.wodniw</tpircs>",
  "<link rel=stylesheet href=//evil.example/x.css><base href=//evil.example/>",
  "<meta http-equiv=refresh content='0;url=javascript:window.hit=1'>",
];

describe("the log", () => {
  /** @type {import("../support/server.js").Server} */
  let server;
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([commonServer(), launch()]);
  });
  after(endAll);

  test("never scrolls by force and says what is new", async () => {
    const ana = await Person.arrive(browser, { viewport: { width: 800, height: 400 } });
    await ana.join(server.page("scroll"));
    const program = await nodeClient(server.socket("scroll"));
    for (const line of lines(40)) program.say(line);
    await ana.heard(lines(40));
    const top = () => ana.page.$eval("#log", (log) => Math.round(log.scrollTop));
    const rest = () => ana.page.$eval("#log", (log) => Math.round(log.scrollHeight - log.clientHeight - log.scrollTop));
    assert.ok((await rest()) <= 1, "follows the newest");
    assert.equal(await ana.page.locator(".divider").count(), 0, "what is seen as it comes is not new");
    assert.equal(await ana.page.isVisible("#new"), false);

    await ana.page.$eval("#log", (log) => log.scrollTo(0, 100));
    await ana.page.waitForFunction(() => document.getElementById("log")?.scrollTop === 100);
    await ana.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    program.say("new 1");
    await ana.reads("#new-text", /^1 new message$/);
    program.say("new 2");
    await ana.reads("#new-text", /^2 new messages$/);
    assert.equal(await top(), 100, "stays where the reader is");
    await ana.reads("title", /^\(2\) #scroll · recado$/);
    await ana.page.click("#new");
    await ana.page.waitForSelector("#new", { state: "hidden" });
    await ana.reads("title", /^#scroll · recado$/);
    assert.ok((await rest()) <= 1, "the button leads to the newest");
    assert.equal(await ana.page.locator(".divider + .other .text").textContent(), "new 1");

    await ana.page.$eval("#log", (log) => log.scrollTo(0, 0));
    await ana.say("mine");
    await ana.page.waitForFunction(() => {
      const log = document.getElementById("log");
      return log && log.scrollHeight - log.clientHeight - log.scrollTop <= 1;
    });
    assert.equal(await ana.page.locator(".divider").count(), 0);
    await program.leave();
    await ana.leave();
  });

  test("counts in its title what comes while nobody looks", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("hidden"));
    const program = await nodeClient(server.socket("hidden"));
    const look = (/** @type {boolean} */ hidden) =>
      ana.page.evaluate((value) => {
        Object.defineProperty(document, "hidden", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await look(true);
    for (const line of lines(3)) program.say(line);
    await ana.reads("title", /^\(3\) #hidden · recado$/);
    await look(false);
    await ana.reads("title", /^#hidden · recado$/);
    await program.leave();
    await ana.leave();
  });

  test("draws the newest only, and the earlier ones for those who go back", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("many"));
    const program = await nodeClient(server.socket("many"));
    const all = lines(1200);
    for (const line of all) program.say(line);
    await ana.reads(".other:last-child .text", /^line 1199$/);
    assert.deepEqual(await ana.messages("other"), all.slice(-400));
    assert.equal(await ana.page.locator(".day").count(), 1);
    const log = ana.page.locator("#log");
    while ((await ana.messages("other"))[0] !== "line 0") {
      const before = await ana.page.locator(".other").count();
      const place = await log.evaluate((element) => {
        element.scrollTop = 1;
        return element.scrollHeight;
      });
      await ana.page.waitForFunction((count) => document.querySelectorAll(".other").length > count, before);
      const moved = await log.evaluate((element, height) => element.scrollTop - (element.scrollHeight - height), place);
      assert.ok(Math.abs(moved) <= 2, "what was read stays where it is");
    }
    assert.deepEqual(await ana.messages("other"), all);
    assert.equal(await ana.page.locator(".day").count(), 1);
    program.say("the end");
    await ana.page.click("#new");
    await ana.reads(".other:last-child .text", /^the end$/);
    assert.equal(await ana.page.locator(".other").count(), 400, "at the end the earlier ones are let go of");
    await program.leave();
    await ana.leave();
  });

  test("5,000 messages are no burden: what one more costs does not depend on how many there are", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("full"));
    const program = await nodeClient(server.socket("full"));
    for (let i = 0; i < 5000; i++) program.say(`message ${i}`);
    await ana.reads(".other:last-child .text", /^message 4999$/);
    const rows = () => ana.page.locator("#messages > *").count();
    const before = await rows();
    assert.ok(before <= 402, "old rows are not drawn"); // with the day and the button above them
    await ana.page.evaluate(() => {
      const target = document.getElementById("messages") ?? document.body;
      Object.assign(window, { changes: 0 });
      new MutationObserver((records) => {
        for (const { addedNodes, removedNodes } of records)
          Object.assign(window, { changes: Reflect.get(window, "changes") + addedNodes.length + removedNodes.length });
      }).observe(target, { childList: true, subtree: true });
    });
    program.say("one more");
    await ana.reads(".other:last-child .text", /^one more$/);
    assert.equal(await rows(), before);
    const changes = Number(await ana.page.evaluate("window.changes"));
    assert.ok(changes <= 6, `${changes} nodes came or went for one message`);
    await program.leave();
    await ana.leave();
  });

  test("shows hostile text as text", async () => {
    const ana = await Person.arrive(browser);
    const beto = await Person.arrive(browser);
    await ana.join(server.page("xss"));
    await beto.join(server.page("xss"));
    for (const text of HOSTILE) await ana.say(text);
    await beto.heard(HOSTILE);
    assert.deepEqual(await ana.messages("own"), HOSTILE);
    for (const person of [ana, beto]) {
      assert.equal(await person.page.evaluate("window.hit"), undefined);
      const strange = "#log :is(script, img, iframe, style, link, base, meta, template, math, [onload], [onerror])";
      assert.equal(await person.page.locator(strange).count(), 0);
      const links = await person.page
        .locator("#log a")
        .evaluateAll((all) =>
          all.map((link) => [link.getAttribute("href"), link.getAttribute("rel"), link.getAttributeNames().length]),
        );
      for (const [href, rel, attributes] of links) {
        assert.match(String(href), /^(https:\/\/exemplo\.com\/|mailto:a@b)/);
        assert.equal(rel, "noopener noreferrer");
        assert.equal(attributes, 3);
      }
    }
    // Nor could the page's own mistake: text cannot become markup.
    const refused = await ana.page.evaluate(() => {
      try {
        document.body.innerHTML = "<p>x</p>";
        return "";
      } catch (error) {
        return String(error);
      }
    });
    assert.match(refused, /TrustedHTML/);
    ana.errors = ana.errors.filter((error) => !error.includes("TrustedHTML"));
    await ana.leave();
    await beto.leave();
  });

  test("makes links of addresses", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("links"));
    const program = await nodeClient(server.socket("links"));
    program.say("(see https://exemplo.com/a_(b)), or mailto:ana@exemplo.com.");
    await ana.page.waitForSelector("#log a");
    const links = await ana.page.locator("#log a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
    assert.deepEqual(links, ["https://exemplo.com/a_(b)", "mailto:ana@exemplo.com"]);
    await program.leave();
    await ana.leave();
  });

  test("folds a long message and shows it on demand", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("long"));
    const program = await nodeClient(server.socket("long"));
    program.say(lines(60).join("\n"));
    await ana.reads(".fold", /^Show all$/);
    const height = async () => (await ana.page.locator(".other .text").boundingBox())?.height ?? 0;
    const folded = await height();
    await ana.page.click(".fold");
    await ana.reads(".fold", /^Show less$/);
    assert.ok((await height()) > 3 * folded);
    const long = `https://exemplo.com/one ${"x".repeat(1460)} https://exemplo.com/two`;
    program.say(long);
    await ana.page.waitForSelector(".folded");
    const links = () => ana.page.locator("#log a").evaluateAll((all) => all.map((link) => link.textContent));
    assert.deepEqual(await links(), ["https://exemplo.com/one"], "half an address is none");
    assert.equal((await ana.messages("other"))[1], long.slice(0, 1500));
    await ana.page.click(".folded .fold");
    assert.equal((await ana.messages("other"))[1], long);
    assert.deepEqual(await links(), ["https://exemplo.com/one", "https://exemplo.com/two"]);
    await program.leave();
    await ana.leave();
  });
});
