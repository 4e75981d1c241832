// @ts-check
// How fast the page is, by Chromium's own traces: `make page-speed`. No test: other programs on the machine count here.

import { createServer } from "node:http";
import { loadavg } from "node:os";
import { launch, Person } from "./support/browser.js";
import { nodeClient } from "./support/clients.js";
import { startServer } from "./support/server.js";

/** @typedef {{name: string, ph: string, pid: number, tid: number, ts: number, dur?: number, tdur?: number, args: any}} Event */

const VISITS = 7;
const RATE_MS = 20; // 50 messages a second
const CATEGORIES = ["toplevel", "loading", "disabled-by-default-devtools.timeline", "__metadata"];
const wait = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ms = (/** @type {number} */ us) => `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`;

const load = () =>
  loadavg()
    .map((n) => n.toFixed(1))
    .join(" ");
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

const [server, browser] = await Promise.all([startServer({ args: ["--limits-queue", "16MiB"] }), launch()]);

/** What the page's thread did meanwhile. @param {Person} person @param {() => Promise<unknown>} run */
async function trace(person, run) {
  await browser.startTracing(person.page, { categories: CATEGORIES });
  await run();
  /** @type {Event[]} */
  const events = JSON.parse((await browser.stopTracing()).toString()).traceEvents;
  const threads = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const main = new Set(threads.map(({ pid, tid }) => `${pid} ${tid}`));
  return events.filter(({ pid, tid }) => main.has(`${pid} ${tid}`));
}

/** The tasks in a trace, the longest first: how long they took, and how much of that the thread worked. @param {Event[]} events */
function tasks(events) {
  const all = events.filter(({ name, ph, tdur }) => name === "RunTask" && ph === "X" && tdur !== undefined);
  return all.map(({ dur = 0, tdur = 0 }) => ({ dur, tdur })).sort((a, b) => b.dur - a.dur);
}

/** @param {string} what @param {{dur: number, tdur: number}[]} all */
function sayLongest(what, all) {
  const worked = Math.max(0, ...all.map(({ tdur }) => tdur));
  say(`${what}: ${ms(all[0]?.dur ?? 0)}; the most work in one: ${ms(worked)} of the processor's time`);
}

/** The least there is to paint, for what the browser and the machine need by themselves. */
async function simplest() {
  const server = createServer((_, answer) => {
    answer.setHeader("Content-Type", "text/html").end("<!doctype html><title>h1</title><h1>Hello</h1>");
  });
  await new Promise((resolve) => server.listen(0, "localhost", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://localhost:${port}/`, stop: () => server.close() };
}

/** A first visit: nothing is kept from one before. @param {(person: Person) => Promise<unknown>} visit */
async function paintOf(visit) {
  const context = await browser.newContext();
  const person = new Person(await context.newPage());
  const events = await trace(person, async () => {
    await visit(person);
    await person.page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
  });
  const { paint, ...rest } = await person.page.evaluate(() => {
    const resources = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType("resource"));
    const [page] = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType("navigation"));
    const bytes = [...resources, page].reduce((sum, one) => sum + (one?.encodedBodySize ?? 0), 0);
    const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
    return { paint: paint * 1000, requests: resources.length + 1, bytes };
  });
  const end = events.findLast(({ name }) => name === "firstContentfulPaint")?.ts ?? 0;
  const before = events.filter(({ name, ts }) => name === "RunTask" && ts < end && ts > end - paint);
  await context.close();
  return { paint, worked: before.reduce((sum, { tdur = 0 }) => sum + tdur, 0), ...rest };
}

async function firstPaint() {
  const least = await simplest();
  /** @type {Awaited<ReturnType<typeof paintOf>>[][]} */
  const [ours = [], theirs = []] = [[], []];
  for (let i = 0; i < VISITS; i++) {
    theirs.push(await paintOf((person) => person.page.goto(least.url)));
    ours.push(await paintOf((person) => person.join(server.page("paint"))));
  }
  least.stop();
  for (const visits of [ours, theirs]) visits.sort((a, b) => a.paint - b.paint);
  const { requests = 0, bytes = 0 } = ours[0] ?? {};
  say(`first paint of ${VISITS} first visits: ${ours.map(({ paint }) => ms(paint)).join(", ")} (wanted: < 200 ms)`);
  say(`  of a page with nothing but a heading: ${theirs.map(({ paint }) => ms(paint)).join(", ")}`);
  say(`work of the page's thread until then: ${ours.map(({ worked }) => ms(worked)).join(", ")}`);
  say(`  of a page with nothing but a heading: ${theirs.map(({ worked }) => ms(worked)).join(", ")}`);
  say(`a first visit: ${requests} requests, ${bytes} bytes`);
}

async function steadyTalk() {
  const person = await Person.arrive(browser);
  await person.join(server.page("talk"));
  const program = await nodeClient(server.socket("talk"));
  for (let i = 0; i < 500; i++) program.say(`before ${i} https://exemplo.com/${i}`);
  await person.reads(".other:last-child .text", /^before 499/);
  const events = await trace(person, async () => {
    for (let i = 0; i < 250; i++) {
      program.say(`message ${i} with \`code\` and https://exemplo.com/${i}`);
      await wait(RATE_MS);
    }
    await person.reads(".other:last-child .text", /^message 249/);
  });
  sayLongest("the longest task while 50 messages come each second (wanted: < 50 ms)", tasks(events));
  await program.leave();
  await person.leave();
}

async function fullLog() {
  const person = await Person.arrive(browser);
  await person.join(server.page("full"));
  const program = await nodeClient(server.socket("full"));
  const coming = tasks(
    await trace(person, async () => {
      for (let i = 0; i < 5000; i++) program.say(`message ${i}`);
      await person.reads(".other:last-child .text", /^message 4999/);
    }),
  );
  const worked = coming.reduce((sum, { tdur }) => sum + tdur, 0);
  say(`5,000 messages at once: ${ms(worked / 5000)} of work each`);
  const events = await trace(person, () =>
    person.page.evaluate(async () => {
      const log = document.getElementById("log");
      for (let i = 0; log && i < 60; i++) {
        log.scrollTop -= 400;
        await new Promise(requestAnimationFrame);
      }
    }),
  );
  sayLongest("the longest task while they are scrolled", tasks(events));
  await program.leave();
  await person.leave();
}

say(`load before: ${load()}`);
await firstPaint();
await steadyTalk();
await fullLog();
say(`load after: ${load()}`);
await browser.close();
await server.stop();
