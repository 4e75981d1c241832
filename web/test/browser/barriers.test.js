// @ts-check
// The page is for everyone: what axe can find, the keyboard alone, those whom motion makes ill.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "../support/browser.js";
import { endAll } from "../support/cleanup.js";
import { nodeClient } from "../support/clients.js";
import { beto, fakeServer, ana as me } from "../support/fake.js";
import { message } from "../support/room.js";
import { commonServer } from "../support/server.js";

/** @typedef {(person: Person, fake: Awaited<ReturnType<typeof fakeServer>>) => Promise<unknown>} Step */

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");
const PHONE = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };
const lines = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => `line ${i}`).join("\n");
const dave = { id: "mdave", name: "dave" };

/** @type {(id: string) => Step} */
const opening = (id) => async (person) => {
  await person.page.evaluate((name) => document.getElementById(`${name}-button`)?.click(), id);
  await person.page.waitForFunction(() => document.querySelector("dialog[open], .panel.open"));
};

/** What can be seen, and how one gets there from a room that is connected. @type {Record<string, Step>} */
const VIEWS = {
  empty: async () => {},
  busy: async (person, fake) => {
    const texts = ["olá `ls`", "https://exemplo.com", lines(40), "مرحبا", "```sh\ncd\n```"];
    for (const [i, text] of texts.entries()) {
      const from = i % 2 === 0 ? beto : me;
      fake.say(message(11 + i, 10 + i, { from, text }));
    }
    fake.say(message(16, 15, { text: undefined, base64: "AAAA" }));
    fake.say(message(17, 16, { text: "acena", event: "me" }));
    fake.say({ type: "join", member: { ...dave, name: "Beto" } });
    fake.say({ type: "leave", member: { ...dave, name: "Beto" } });
    fake.say({ type: "join", member: { ...dave, id: "mtwin", name: "Beto" } });
    await person.page.waitForSelector(".deed");
    await person.page.waitForSelector(".gone", { state: "attached" });
    fake.say(message(0, 0, { event: "typing", ephemeral: true, text: undefined, json: null }));
    await person.reads("#typing", /./);
  },
  waiting: async (person) => {
    await person.say("on its way");
    await person.marked(["sending"]);
  },
  "the settings": opening("settings"),
  "the QR sheet": opening("qr"),
  help: opening("help"),
  "the switcher": opening("switch"),
  export: opening("export"),
  "the name": opening("name"),
  "the rooms, on a phone": opening("side"),
  "the people, on a phone": opening("people"),
  limited: async (person, fake) => {
    fake.say({ type: "error", code: "rate_limited", message: "", retry_after_ms: 60_000 });
    await person.state("limited");
  },
  behind: async (person, fake) => {
    fake.say({ type: "gap", reason: "slow", from: 11, to: 24, missed: 14, position: "e.24" });
    await person.state("behind");
  },
  draining: async (person, fake) => {
    fake.say({ type: "drain", reconnect_after_ms: 60_000 });
    await person.state("draining");
  },
  refused: async (person, fake) => {
    await fake.close(4500);
    await person.state("refused");
  },
  "a problem": async (person) => person.say("/shout"),
};

describe("barriers", () => {
  /** @type {import("../support/server.js").Server} */
  let server;
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([commonServer(), launch()]);
  });
  after(endAll);

  for (const options of [{ colorScheme: "light" }, { colorScheme: "dark", locale: "pt-BR", ...PHONE }]) {
    test(`axe finds none, ${options.colorScheme}`, async () => {
      const person = await Person.arrive(browser, /** @type {any} */ ({ ...options, reducedMotion: "reduce" }));
      const info = { open: true, lan: ["http://192.168.0.12:8000", "http://10.0.0.2:8000"] };
      await person.page.route("**/v1/info", (route) => route.fulfill({ json: info }));
      const fake = await fakeServer(person.page);
      const enter = async () => {
        await person.join(server.page("views"));
        await person.page.evaluate(AXE);
      };
      await enter();
      for (const [name, open] of Object.entries(VIEWS)) {
        if (name.endsWith("on a phone") && !("isMobile" in options)) continue;
        await open(person, fake);
        // What lies around a sheet or a banner has been looked at without it.
        const found = await person.page.evaluate(async (whole) => {
          const sheet = document.querySelector("dialog[open], .panel.open");
          const part = whole ? document : (sheet ?? { include: [".bar", "#banner", "#refused", "#composer", ".own"] });
          return /** @type {any} */ (window).axe.run(part, { resultTypes: ["violations"] });
        }, ["empty", "busy"].includes(name));
        if (await person.page.isVisible("dialog[open], .panel.open")) await person.page.keyboard.press("Escape");
        else await enter();
        const barriers = /** @type {any} */ (found).violations.map(
          (/** @type {any} */ v) => `${v.id}: ${v.help}: ${v.nodes.map((/** @type {any} */ n) => n.html).join(" ")}`,
        );
        assert.deepEqual(barriers, [], name);
      }
      await person.leave();
    });
  }

  test("the keyboard alone is enough", async () => {
    const ana = await Person.arrive(browser);
    const { keyboard } = ana.page;
    const focused = () => ana.page.evaluate(() => document.activeElement?.id);
    await ana.join(server.page("keyboard"));
    assert.equal(await focused(), "text", "who can type may type at once");
    await ana.page.focus(".skip");
    await ana.page.waitForFunction(() => (document.querySelector(".skip")?.getBoundingClientRect().top ?? -1) >= 0);
    await keyboard.press("Enter");
    assert.equal(await focused(), "text");
    await keyboard.type("hello");
    await keyboard.press("Enter");
    assert.deepEqual(await ana.messages("own"), ["hello"]);

    // Everything that can be pressed can be reached, and is seen to be.
    await ana.page.focus(".skip");
    const reached = new Set();
    for (let i = 0; i < 40 && !reached.has("text"); i++) {
      await keyboard.press("Tab");
      reached.add(await focused());
      const ring = await ana.page.evaluate(() => {
        const active = document.activeElement ?? document.body;
        return getComputedStyle(active.id === "text" ? (active.parentElement ?? active) : active).outlineStyle;
      });
      assert.notEqual(ring, "none", `${await focused()} has the focus, and nobody sees it`);
    }
    for (const id of ["switch", "name", "help", "settings", "pin", "qr"]) assert.ok(reached.has(`${id}-button`), id);
    assert.ok(reached.has("log"), "the messages can be scrolled");

    // The list of rooms is made anew when something is said, and the focus stays where it was.
    await ana.page.focus(".add");
    const add = await ana.page.$(".add");
    const program = await nodeClient(server.socket("keyboard"));
    program.say("oi");
    await ana.page.waitForFunction((old) => !old?.isConnected, add);
    assert.ok(await ana.page.evaluate(() => document.activeElement?.matches(".add")), "the focus is lost");
    await program.leave();

    await keyboard.press("Control+k");
    await keyboard.type("other");
    await keyboard.press("Enter");
    await ana.reads("#room", /^other$/);
    await keyboard.press("Alt+ArrowUp");
    await ana.reads("#room", /^keyboard$/);
    for (const id of ["settings", "help", "qr", "export", "name", "switch"]) {
      await ana.page.focus(`#${id}-button`);
      await keyboard.press("Enter");
      await ana.page.waitForSelector("dialog[open]");
      assert.ok(await ana.page.evaluate(() => document.activeElement?.closest("dialog[open]")), id);
      await keyboard.press("Escape");
      await ana.page.waitForSelector("dialog[open]", { state: "hidden" });
      assert.equal(await focused(), `${id}-button`, "the focus goes back to where it was");
    }
    await ana.leave();
  });

  test("nothing moves for those who do not want it", async () => {
    const moving = async (/** @type {"reduce" | "no-preference"} */ reducedMotion) => {
      const ana = await Person.arrive(browser, { reducedMotion });
      await ana.join(server.page(`motion-${reducedMotion}`));
      await ana.say("hello");
      await ana.page.waitForSelector(".own");
      const found = await ana.page.evaluate(() => {
        const moves = (/** @type {Element} */ one) => {
          const { animationName, transitionDuration } = getComputedStyle(one);
          return animationName !== "none" || transitionDuration !== "0s";
        };
        return [...document.querySelectorAll("body, body *")].filter(moves).length;
      });
      await ana.leave();
      return found;
    };
    assert.notEqual(await moving("no-preference"), 0);
    assert.equal(await moving("reduce"), 0);
  });
});
