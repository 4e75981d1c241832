// @ts-check
// The page in a real browser.

import assert from "node:assert/strict";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { PATIENCE_MS } from "./wait.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").BrowserContextOptions} ContextOptions */

const ARGUMENTS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
  ...["--disable-extensions", "--process-per-site", "--host-resolver-rules=MAP chat.lan 127.0.0.1"],
];

/** @type {Promise<import("playwright-core").Browser> | undefined} */
let browser;
after(async () => (await browser)?.close());

/** The browser of all suites of this process. */
export function launch() {
  browser ??= chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
  return browser;
}

const VIEWPORT = { width: 1280, height: 720 };

/**
 * Browser profiles that nobody uses, by what they are like: in a new one the page would have to be fetched and
 * compiled again, which takes longer than most tests.
 * @type {WeakMap<import("playwright-core").Browser, Map<string, import("playwright-core").BrowserContext[]>>}
 */
const free = new WeakMap();

/** @param {import("playwright-core").Browser} browser @param {ContextOptions} options */
function profiles(browser, options) {
  const all = free.get(browser) ?? new Map();
  free.set(browser, all);
  const key = JSON.stringify(options);
  const some = all.get(key) ?? [];
  all.set(key, some);
  return some;
}

/** @type {WeakMap<import("playwright-core").BrowserContext, Page>} */
const keepers = new WeakMap();

/**
 * A page that stays open, and with it the process that the next page of this site will find warm.
 * @param {import("playwright-core").BrowserContext} context
 * @param {string} url
 */
async function keep(context, url) {
  const known = keepers.get(context);
  if (known) return known;
  const page = await context.newPage();
  keepers.set(context, page);
  await page.goto(new URL("/robots.txt", url).href).catch(() => {}); // the test may have stopped the server
  return page;
}

/** One person at one device, with the page open. */
export class Person {
  /** @type {string[]} what went wrong in the page */
  errors = [];
  #kin;

  /** @param {Page} page @param {import("playwright-core").BrowserContext[]} [kin] where the profile is kept */
  constructor(page, kin) {
    this.page = page;
    this.#kin = kin;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (/Content.Security.Policy|Trusted/i.test(message.text())) this.errors.push(message.text());
    });
  }

  /**
   * Someone new, without anything remembered.
   * @param {import("playwright-core").Browser} browser
   * @param {ContextOptions} [options]
   */
  static async arrive(browser, options = {}) {
    const { permissions = [], viewport = VIEWPORT, colorScheme = "light", reducedMotion, ...fixed } = options;
    const kin = profiles(browser, { locale: "en-US", ...fixed });
    const context = kin.pop() ?? (await browser.newContext({ locale: "en-US", viewport, ...fixed }));
    await context.grantPermissions(permissions);
    const page = await context.newPage();
    await page.emulateMedia({ colorScheme, reducedMotion });
    if (viewport) await page.setViewportSize(viewport);
    const devtools = await context.newCDPSession(page);
    await devtools.send("Storage.clearDataForOrigin", { origin: "*", storageTypes: "local_storage" });
    await devtools.detach();
    return new Person(page, kin);
  }

  /**
   * Opens a room and waits for the connection.
   * @param {string} url
   */
  async join(url) {
    await this.page.goto(url);
    await this.state("connected");
  }

  /** @param {string} state */
  async state(state) {
    await this.page.waitForSelector(`html[data-state="${state}"]`);
  }

  /** @param {string} text */
  async say(text) {
    await this.page.fill("#text", text);
    await this.page.click("#send");
  }

  /**
   * The messages shown, without their times.
   * @param {"own" | "other"} side
   */
  async messages(side) {
    return this.page.locator(`.${side} :is(.text, .binary)`).allTextContents();
  }

  /**
   * Waits until exactly these messages of others are there.
   * @param {string[]} want
   */
  async heard(want) {
    // A page in the background draws no frames: it is asked by the clock.
    await this.page.waitForFunction((count) => document.querySelectorAll(".other").length >= count, want.length, {
      polling: 50,
    });
    assert.deepEqual(await this.messages("other"), want);
  }

  /** The marks of the own messages, such as sent. */
  async marks() {
    return this.page.locator(".own").evaluateAll((items) => items.map((item) => item.getAttribute("data-mark")));
  }

  /**
   * Waits until the own messages have exactly these marks.
   * @param {string[]} want
   */
  async marked(want) {
    await this.page
      .waitForFunction((all) => {
        const items = [...document.querySelectorAll(".own")];
        return items.map((item) => item.getAttribute("data-mark")).join() === all;
      }, want.join())
      .catch(async (error) => {
        throw new Error(`the marks are ${await this.marks()}, not ${want}`, { cause: error });
      });
  }

  /** Opens the settings, where they are. */
  async settings() {
    if (await this.page.isVisible("#side-button")) await this.page.click("#side-button");
    await this.page.click("#settings-button");
  }

  /**
   * Waits until an element of the page has this text.
   * @param {string} selector
   * @param {RegExp} pattern
   */
  async reads(selector, pattern) {
    await this.page
      .waitForFunction(
        ([place, source]) => new RegExp(source ?? "").test(document.querySelector(place ?? "")?.textContent ?? ""),
        [selector, pattern.source],
      )
      .catch(async (error) => {
        const text = await this.page.textContent(selector);
        throw new Error(`${selector} reads ${JSON.stringify(text)}, not ${pattern}`, { cause: error });
      });
  }

  /** Goes, and complains about what went wrong in the page. */
  async leave() {
    const context = this.page.context();
    await context.setOffline(false);
    await context.clearPermissions();
    const keeper = await keep(context, this.page.url());
    for (const page of context.pages()) if (page !== keeper) await page.close();
    this.#kin?.push(context);
    assert.deepEqual(this.errors, []);
  }
}
