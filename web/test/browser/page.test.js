// @ts-check
// What the page does for those who use it, whatever their device, language and browser.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "../support/browser.js";
import { endAll } from "../support/cleanup.js";
import { nodeClient } from "../support/clients.js";
import { commonServer } from "../support/server.js";

const PHONE = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };

describe("the page", () => {
  /** @type {import("../support/server.js").Server} */
  let server;
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([commonServer(), launch()]);
  });
  after(endAll);

  test("keeps a draft for each room", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("draft-one"));
    await ana.page.fill("#text", "half a thou");
    await ana.join(server.page("draft-two"));
    assert.equal(await ana.page.inputValue("#text"), "");
    await ana.join(server.page("draft-one"));
    assert.equal(await ana.page.inputValue("#text"), "half a thou");
    await ana.say("a whole thought");
    await ana.page.reload();
    await ana.state("connected");
    assert.equal(await ana.page.inputValue("#text"), "");
    await ana.leave();
  });

  test("Enter sends, unless it ends a composition, starts a line or is a phone's", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("keys"));
    await ana.page.focus("#text");
    const devtools = await ana.page.context().newCDPSession(ana.page);
    await devtools.send("Input.imeSetComposition", { text: "にほ", selectionStart: 2, selectionEnd: 2 });
    await ana.page.keyboard.press("Enter");
    assert.deepEqual(await ana.messages("own"), []);
    await ana.page.fill("#text", "");
    // Safari ends the composition first and gives the key's code away only.
    await ana.page.fill("#text", "日本");
    await ana.page.$eval("#text", (box) =>
      box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true, cancelable: true })),
    );
    assert.deepEqual(await ana.messages("own"), []);
    await ana.page.keyboard.press("Shift+Enter");
    await ana.page.keyboard.type("e mais");
    await ana.page.keyboard.press("Enter");
    assert.deepEqual(await ana.messages("own"), ["日本\ne mais"]);
    await ana.page.fill("#text", "  \n ");
    await ana.page.keyboard.press("Enter");
    assert.equal((await ana.messages("own")).length, 1, "nothing but blanks is nothing");
    await ana.leave();

    const beto = await Person.arrive(browser, PHONE);
    await beto.join(server.page("keys"));
    await beto.page.tap("#text");
    await beto.page.keyboard.type("um");
    await beto.page.keyboard.press("Enter");
    await beto.page.keyboard.type("dois");
    assert.deepEqual(await beto.messages("own"), []);
    await beto.page.tap("#send");
    assert.deepEqual(await beto.messages("own"), ["um\ndois"]);
    await beto.leave();
  });

  test("fits a phone", async () => {
    for (const width of [320, 360]) {
      const ana = await Person.arrive(browser, { ...PHONE, viewport: { width, height: 640 } });
      const room = `a-room-with-a-rather-long-name-that-goes-on-and-on-${width}`;
      await ana.join(server.page(room));
      const bar = await ana.page.locator("header").boundingBox();
      assert.deepEqual([bar?.x, bar?.y, bar?.width], [0, 0, width]);
      const wide = () =>
        ana.page.evaluate(() =>
          [...document.querySelectorAll("html, body, header, header *, #log, #log *, #composer, #composer *, #empty *")]
            .filter((element) => !element.closest(".unseen, svg") && element.getBoundingClientRect().width > 2)
            .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 0.5)
            .map((element) => element.outerHTML.slice(0, 80)),
        );
      assert.deepEqual(await wide(), [], "the empty room");
      const program = await nodeClient(server.socket(room));
      const texts = [
        "x".repeat(400),
        `https://exemplo.com/${"y".repeat(300)}`,
        "مرحبا".repeat(60),
        "👩‍👩‍👧‍👦".repeat(60),
      ];
      for (const text of texts) {
        program.say(text);
        await ana.say(text);
      }
      await ana.heard(texts);
      assert.deepEqual(await wide(), [], "the busy room");
      const scrolls = await ana.page.evaluate(() => {
        const log = document.getElementById("log");
        return [document.scrollingElement?.scrollWidth, log && log.scrollWidth - log.clientWidth];
      });
      assert.deepEqual(scrolls, [width, 0]);
      for (const id of ["side", "people"]) {
        await ana.page.tap(`#${id}-button`);
        await ana.page.waitForSelector(`#${id}.open`);
        assert.equal(
          await ana.page.evaluate((name) => document.activeElement?.closest(".panel")?.id === name, id),
          true,
        );
        await ana.page.keyboard.press("Escape");
        await ana.page.waitForSelector(`#${id}`, { state: "hidden" });
        assert.equal(await ana.page.evaluate(() => document.activeElement?.id), `${id}-button`);
      }
      await ana.settings();
      const box = await ana.page.locator("#settings").boundingBox();
      assert.ok(box && box.x >= 0 && box.x + box.width <= width);
      await program.leave();
      await ana.leave();
    }
  });

  test("works over plain http on a network, where the browser withholds its better tools", async () => {
    const ana = await Person.arrive(browser);
    const beto = await Person.arrive(browser);
    await ana.join(server.page("lan", "chat.lan"));
    await beto.join(server.page("lan"));
    assert.equal(await ana.page.evaluate("isSecureContext"), false);
    await ana.say("from the network");
    await beto.heard(["from the network"]);
    await ana.page.evaluate(() =>
      document.addEventListener("copy", () => {
        const box = document.activeElement;
        if (box instanceof HTMLTextAreaElement) document.body.dataset.copied = box.value;
      }),
    );
    await ana.page.click("#people [data-copy]");
    await ana.reads("#announcer", /^Copied$/);
    assert.equal(await ana.page.getAttribute("body", "data-copied"), server.page("lan", "chat.lan"));
    await ana.leave();
    await beto.leave();
  });

  test("works where the browser forbids it to remember", async () => {
    const ana = await Person.arrive(browser);
    await ana.page.addInitScript(() => {
      Object.defineProperty(window, "localStorage", {
        get: () => {
          throw new DOMException("denied", "SecurityError");
        },
      });
    });
    await ana.join(server.page("forgetful"));
    await ana.page.fill("#text", "a draft");
    await ana.page.keyboard.press("Enter");
    assert.deepEqual(await ana.messages("own"), ["a draft"]);
    await ana.settings();
    await ana.page.check("input[value=dark]");
    await ana.leave();
  });

  test("works where there is no place left to remember", async () => {
    const ana = await Person.arrive(browser);
    await ana.page.addInitScript(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException("full", "QuotaExceededError");
      };
    });
    await ana.join(server.page("no-place"));
    await ana.page.fill("#text", "/nick ana");
    await ana.page.keyboard.press("Enter");
    await ana.reads("#self-name", /^ana$/);
    await ana.say("is there room?");
    await ana.marked(["sent"]);
    await ana.page.fill("#text", "half a thought");
    await ana.page.click("#pin-button");
    await ana.page.click("#switch-button");
    await ana.page.keyboard.type("other");
    await ana.page.keyboard.press("Enter");
    await ana.reads("#room", /^other$/);
    await ana.page.click("#rooms a:has-text('no-place')");
    await ana.reads("#room", /^no-place$/);
    assert.equal(await ana.page.inputValue("#text"), "half a thought", "until it is closed it remembers all the same");
    await ana.settings();
    await ana.page.check("input[value=dark]");
    await ana.leave();
  });

  test("stays above a phone's keyboard, unless it is zoomed", async () => {
    const ana = await Person.arrive(browser, PHONE);
    await ana.join(server.page("covered"));
    const bottom = async (/** @type {number} */ height, /** @type {number} */ scale) => {
      await ana.page.evaluate(
        ([h, s]) => {
          Object.defineProperty(visualViewport, "height", { value: h, configurable: true });
          Object.defineProperty(visualViewport, "scale", { value: s, configurable: true });
          visualViewport?.dispatchEvent(new Event("resize"));
        },
        [height, scale],
      );
      const box = await ana.page.locator("#composer").boundingBox();
      return Math.round((box?.y ?? 0) + (box?.height ?? 0));
    };
    assert.equal(await bottom(340, 1), 340);
    assert.equal(await bottom(340, 2), 640);
    assert.equal(await bottom(640, 1), 640);
    await ana.leave();
  });

  test("speaks both languages and remembers the choice", async () => {
    const ana = await Person.arrive(browser, { locale: "pt-PT" });
    await ana.join(server.page("fala"));
    assert.equal(await ana.page.getAttribute("html", "lang"), "pt-BR");
    await ana.reads("#pill-text", /^conectado$/);
    await ana.say("oi");
    await ana.reads(".day", /^hoje, /);
    await ana.settings();
    await ana.page.check("input[value=en]");
    await ana.reads("#pill-text", /^connected$/);
    await ana.reads(".day", /^today, /);
    assert.equal(await ana.page.getAttribute("#text", "placeholder"), "Message to #fala");
    await ana.page.reload();
    await ana.reads("#pill-text", /^connected$/);
    assert.equal(await ana.page.getAttribute("html", "lang"), "en");
    await ana.leave();
    const hans = await Person.arrive(browser, { locale: "de-DE" });
    await hans.join(server.page("fala"));
    assert.equal(await hans.page.getAttribute("html", "lang"), "en");
    await hans.leave();
  });

  test("changes the language without the server, and says it when it cannot start", async () => {
    const ana = await Person.arrive(browser);
    const other = ana.page.waitForResponse(/locale\/pt-BR\.json$/);
    await ana.join(server.page("fala"));
    await (await other).finished();
    await ana.page.route("**/*", (route) => route.abort());
    await ana.settings();
    await ana.page.check("input[value=pt-BR]");
    await ana.reads("#pill-text", /^conectado$/);
    await ana.page.unroute("**/*");
    await ana.page.route("**/locale/*", (route) => route.abort());
    await ana.page.reload();
    await ana.page.waitForSelector("#failed");
    ana.errors = ana.errors.filter((error) => !error.includes("Failed to fetch"));
    await ana.leave();
  });

  test("is light, dark, or what the system says", async () => {
    const ana = await Person.arrive(browser, { colorScheme: "dark" });
    const scheme = () =>
      ana.page.evaluate(() => {
        const [red = 0] = getComputedStyle(document.body).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
        const around = [...document.querySelectorAll("meta")].filter(({ media }) => media && matchMedia(media).matches);
        const ground = red < 128 ? "dark" : "light";
        return around.map(({ dataset }) => dataset.theme).join() === ground ? ground : "both";
      });
    await ana.join(server.page("theme"));
    assert.equal(await scheme(), "dark");
    await ana.settings();
    await ana.page.check("input[value=light]");
    assert.equal(await scheme(), "light");
    await ana.page.reload();
    assert.equal(await scheme(), "light");
    await ana.settings();
    await ana.page.check("input[name=theme][value='']");
    assert.equal(await scheme(), "dark");
    await ana.page.emulateMedia({ colorScheme: "light" });
    assert.equal(await scheme(), "light");
    await ana.page.keyboard.press("Escape");
    assert.equal(await ana.page.isVisible("#settings"), false);
    await ana.leave();
  });

  test("has the wanted looks and language before its modules come", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("theme"));
    await ana.settings();
    await ana.page.check("input[value=dark]");
    await ana.page.route("**/main.js", (route) => route.abort());
    const looks = async () => {
      await ana.page.reload();
      return ana.page.evaluate(() => {
        const [body, main] = ["body", "main"].map((name) =>
          getComputedStyle(document.querySelector(name) ?? document.body),
        );
        return [body?.backgroundColor, main?.visibility];
      });
    };
    assert.deepEqual(await looks(), ["rgb(18, 21, 20)", "visible"]);
    await ana.page.evaluate(() => localStorage.setItem("recado:language", "pt-BR"));
    assert.deepEqual(await looks(), ["rgb(18, 21, 20)", "hidden"], "words that are about to change are not seen");
    await ana.page.waitForSelector("#failed");
    await ana.leave();
  });

  test("knows commands, and keeps what is none", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("commands"));
    const run = async (/** @type {string} */ text) => {
      await ana.page.fill("#text", text);
      await ana.page.keyboard.press("Enter");
    };
    await run("/shout hello");
    await ana.reads("#problem", /^There is no command \/shout\./);
    assert.equal(await ana.page.inputValue("#text"), "/shout hello");
    await run("/who");
    await ana.reads(".notice", /^1 here: /);
    await run("//etc/hosts");
    await ana.marked(["sent"]);
    assert.deepEqual(await ana.messages("own"), ["/etc/hosts"]);
    await run("/clear");
    assert.deepEqual(await ana.messages("own"), []);
    await run("/help");
    await ana.reads("#help-commands", /\/nick name/);
    await ana.page.keyboard.press("Escape");
    await ana.page.fill("#text", "");
    await ana.page.keyboard.press("?");
    assert.equal(await ana.page.isVisible("#help"), true, "? in an empty box asks for help");
    await ana.page.keyboard.press("Escape");
    assert.equal(await ana.page.inputValue("#text"), "");
    await ana.leave();
  });

  test("can be installed", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("deep"));
    const devtools = await ana.page.context().newCDPSession(ana.page);
    const { errors, data } = await devtools.send("Page.getAppManifest");
    assert.deepEqual(errors, []);
    const { icons, start_url: start } = JSON.parse(data ?? "");
    assert.equal(new URL(start, server.page("assets/")).href, server.page());
    for (const { src } of icons) assert.equal((await fetch(server.page(`assets/${src}`))).status, 200);
    await ana.leave();
  });
});
