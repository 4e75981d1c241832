// @ts-check
// What only a server that is told to would do: be slow, be full, restart, send nonsense.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "../support/browser.js";
import { endAll } from "../support/cleanup.js";
import { fakeServer } from "../support/fake.js";
import { beto, message } from "../support/room.js";
import { commonServer } from "../support/server.js";

describe("states", () => {
  /** @type {import("../support/server.js").Server} */
  let server;
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([commonServer(), launch()]);
  });
  after(endAll);

  for (const [locale, limited, behind, draining] of /** @type {[string, RegExp, RegExp, RegExp][]} */ ([
    [
      "pt-BR",
      /^Rápido demais: envio liberado em \d s$/,
      /^14 mensagens puladas$/,
      /^O servidor vai reiniciar; você volta sozinho\.$/,
    ],
    [
      "en-US",
      /^Too fast: sending resumes in \d s$/,
      /^14 messages skipped$/,
      /^The server is about to restart; you will be back/,
    ],
  ])) {
    test(`are named and explained in ${locale}`, async () => {
      const ana = await Person.arrive(browser, { locale });
      const fake = await fakeServer(ana.page);
      await ana.join(server.page("states"));
      await ana.reads("#pill-more", /^\d+ ms$/);
      fake.say({ type: "error", code: "rate_limited", message: "slow down", retry_after_ms: 1500 });
      await ana.state("limited");
      await ana.reads("#banner-text", limited);
      await ana.state("connected");

      fake.say(message(11, 10));
      fake.say({ type: "gap", reason: "slow", from: 12, to: 25, missed: 14, position: "e.25" });
      fake.say(message(26, 25));
      await ana.state("behind");
      await ana.reads("#banner-text", behind);
      await ana.reads(
        ".gap",
        behind.source.includes("puladas") ? /^14 mensagens puladasCarregar$/ : /^14 messages skippedLoad$/,
      );
      await ana.page.click("#gap-load");
      await ana.page.waitForTimeout(0);
      const ask = fake.frames.find(({ type }) => type === "history");
      assert.equal(ask?.before, "e.26");
      const missed = Array.from({ length: 14 }, (_, i) => message(12 + i, 11 + i));
      fake.say({ type: "history", id: ask?.id, messages: missed, more: true });
      await ana.heard(Array.from({ length: 16 }, (_, i) => `text ${11 + i}`));
      await ana.state("connected");

      fake.say({ type: "drain", reconnect_after_ms: 200 });
      await ana.state("draining");
      await ana.reads("#banner-text", draining);
      await fake.close(1012);
      await ana.state("connected");
      assert.equal(fake.frames.filter(({ type }) => type === "hello").at(-1)?.since, "e.26");
      await ana.leave();
    });
  }

  test("a refused name and a wanted token have a way out", async () => {
    const ana = await Person.arrive(browser);
    /** @type {any[]} */
    const hellos = [];
    await ana.page.routeWebSocket(/.*/, (socket) => {
      socket.onMessage((text) => {
        const frame = JSON.parse(String(text));
        if (frame.type === "hello" && hellos.push(frame) === 1) {
          socket.send(JSON.stringify({ type: "error", code: "name_invalid", message: "no" }));
        } else if (hellos.length === 2) socket.close({ code: 4500, reason: "auth_required" });
        else {
          const real = socket.connectToServer();
          real.send(text);
          socket.onMessage((more) => real.send(more));
        }
      });
    });
    await ana.page.goto(server.page("door#token=s3cret"));
    await ana.state("refused");
    assert.equal(ana.page.url(), server.page("door"), "a token does not stay in sight");
    await ana.reads("#refused-title", /^The server does not take this name\.$/);
    await ana.page.click("#refused-name");
    await ana.page.fill("#ask-text", "ana");
    await ana.page.keyboard.press("Enter");
    await ana.reads("#refused-title", /^This room wants to know who you are\.$/);
    await ana.page.click("#refused-token");
    assert.equal(await ana.page.getAttribute("#ask-text", "type"), "password");
    await ana.page.fill("#ask-text", "another");
    await ana.page.keyboard.press("Enter");
    await ana.state("connected");
    assert.deepEqual(
      hellos.map(({ name, token }) => [name, token]),
      [
        [undefined, "s3cret"],
        ["ana", "s3cret"],
        ["ana", "another"],
      ],
    );
    await ana.leave();
  });

  test("hostile names are shown for what they are", async () => {
    const ana = await Person.arrive(browser);
    const hostile = [
      "<img src=x onerror=window.hit=1>",
      "\u202etpircs",
      "an\u200ba",
      "z\u0301".padEnd(60, "\u0301"),
      "x".repeat(500),
    ];
    const members = hostile.map((name, i) => ({ id: `m${i}`, name }));
    const fake = await fakeServer(ana.page, { members: [...members, { id: "mana", name: "ana" }], member_count: 6 });
    await ana.join(server.page("names"));
    for (const [i, from] of members.entries()) fake.say(message(11 + i, 10 + i, { from, time: "9999-99-99" }));
    fake.say(message(0, 0, { from: members[1], event: "typing", ephemeral: true, text: undefined, json: null }));
    await ana.heard(hostile.map((_, i) => `text ${11 + i}`));
    await ana.reads("#typing", /‹202E›tpircs/);
    const names = await ana.page.locator(".other .name").allTextContents();
    assert.deepEqual(names, [hostile[0], "‹202E›tpircs", "an‹200B›a", `z${"\u0301".repeat(4)}`, hostile[4]]);
    assert.equal(await ana.page.evaluate("window.hit"), undefined);
    const wide = await ana.page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    assert.equal(wide, false);
    await ana.leave();
  });

  test("what programs say is shown for what it is", async () => {
    const ana = await Person.arrive(browser);
    const fake = await fakeServer(ana.page);
    await ana.join(server.page("programs"));
    fake.say(message(11, 10, { event: "build.done", text: undefined, json: { ok: true } }));
    fake.say({ type: "gap", reason: "expired", from: 12, to: 14, missed: 3, position: "e.14" });
    await ana.heard(['{\n "ok": true\n}']);
    const [label, font] = await ana.page.$eval(".other .meta", (meta) => [
      getComputedStyle(meta, "::before").content,
      getComputedStyle(meta.previousElementSibling ?? meta).fontFamily,
    ]);
    assert.equal(label, '"build.done"');
    assert.match(font ?? "", /monospace/);
    await ana.reads(".gap", /^3 messages skipped\. The server does not have them any more\.$/);
    assert.equal(await ana.page.isVisible("#gap-load"), false);
    await ana.page.click("#gap-close");
    await ana.state("connected");
    await ana.leave();
  });

  for (const days of [-2, 2]) {
    test(`a clock that is ${days} days off confuses nobody`, async () => {
      const ana = await Person.arrive(browser);
      await ana.page.addInitScript((off) => {
        const { now } = Date;
        const wrong = () => now() + off * 86_400_000;
        window.Date = new Proxy(Date, {
          construct: (real, given) => Reflect.construct(real, given.length === 0 ? [wrong()] : given),
        });
        window.Date.now = wrong;
      }, days);
      const beto = await Person.arrive(browser);
      await beto.join(server.page(`clock${days}`));
      await beto.say("before");
      await ana.join(server.page(`clock${days}`));
      await ana.reads(".day", /^today, /);
      await ana.say("mine");
      await beto.heard(["mine"]);
      await beto.say("after");
      await ana.heard(["before", "after"]);
      assert.equal(await ana.page.locator(".day").count(), 1);
      await ana.reads("#banner-text", /^$/);
      await ana.leave();
      await beto.leave();
    });
  }

  test("thousands who come and go are one line, and the page stays usable", async () => {
    const ana = await Person.arrive(browser);
    const fake = await fakeServer(ana.page);
    await ana.join(server.page("storm"));
    for (let i = 0; i < 1000; i++) fake.say({ type: "join", member: { id: `m${i}`, name: `person ${i}` } });
    await ana.reads("#people-title", /^People \(1,002\)$/);
    assert.equal(await ana.page.locator(".presence").count(), 1);
    await ana.reads(
      ".presence",
      /^.person 0., .person 1., .person 2., and 97 more joined · and 900 more came or went$/,
    );
    assert.equal(await ana.page.locator("#people-list li").count(), 301);
    fake.say({ type: "count", member_count: 1001 });
    await ana.reads("#people-title", /^People \(1,001\)$/);
    fake.say(message(11, 10, { from: beto, text: "still here" }));
    await ana.heard(["still here"]);
    await ana.leave();
  });
});
