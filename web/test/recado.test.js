// @ts-check
// The JavaScript client and the real server.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { WebSocket } from "ws";
import { connect } from "../recado.js";
import { launch } from "./support/browser.js";
import { endAll, remember } from "./support/cleanup.js";
import { nodeClient } from "./support/clients.js";
import { startProxy } from "./support/proxy.js";
import { startServer } from "./support/server.js";
import { PATIENCE_MS, within } from "./support/wait.js";

/** @typedef {import("../recado.types.d.ts").AnyEvent} AnyEvent */

const guide = readFileSync(new URL("../../docs/javascript.md", import.meta.url), "utf8");

/** The guide's first example in a language. @param {string} language */
const example = (language) => guide.split(`\`\`\`${language}\n`)[1]?.split("```")[0] ?? "";

/**
 * A member of a room, and what it has heard.
 * @param {string} url
 * @param {import("../recado.types.d.ts").Options} [options]
 */
async function member(url, options) {
  const room = connect(url, { WebSocket, ...options });
  remember(() => room.close());
  /** @type {AnyEvent[]} */
  const events = [];
  /** @type {Set<() => void>} */
  const waiting = new Set();
  room.on("*", (event) => {
    events.push(event);
    for (const look of waiting) look();
  });
  /**
   * Waits until it has been told this.
   * @template {AnyEvent["type"]} T
   * @param {T} type
   * @param {(event: any) => unknown} [fits]
   * @returns {Promise<Extract<AnyEvent, {type: T}>>}
   */
  const told = (type, fits = () => true) => {
    let look = () => {};
    /** @type {Promise<any>} */
    const found = new Promise((resolve) => {
      look = () => {
        const event = events.find((event) => event.type === type && fits(event));
        if (event) resolve(event);
      };
      waiting.add(look);
      look();
    });
    return within(found, () => `${type} in ${JSON.stringify(events)}`).finally(() => waiting.delete(look));
  };
  const texts = () => events.flatMap((event) => (event.type === "message" ? [event.text] : []));
  await told("state", ({ state }) => state === "connected");
  return { room, events, told, texts, name: () => room.you?.name };
}

describe("recado.js", () => {
  /** @type {import("./support/server.js").Server} */
  let server;
  before(async () => {
    server = await startServer();
  });
  after(endAll);

  test("two clients talk", async () => {
    const ana = await member(server.socket("talk"), { name: "ana" });
    const beto = await member(server.socket("talk"), { name: "beto" });
    await ana.told("members", ({ change, member }) => change === "join" && member.name === "beto");
    assert.deepEqual([...ana.room.members.values()].map(({ name }) => name).sort(), ["ana", "beto"]);
    const [first, second] = await Promise.all([ana.room.publish("olá 👋"), ana.room.publish({ json: { a: [1] } })]);
    assert.ok(first.seq < second.seq);
    const bytes = Uint8Array.of(0, 255);
    await beto.room.publish({ bytes, event: "file" });
    const { from, text, position } = await beto.told("message");
    assert.deepEqual({ from, text, position }, { from: ana.room.you, text: "olá 👋", position: first.position });
    assert.deepEqual((await beto.told("message", ({ json }) => json)).json, { a: [1] });
    const file = await ana.told("message");
    assert.deepEqual([file.bytes && [...file.bytes], file.event], [[0, 255], "file"]);
    assert.equal(ana.texts().length, 1, "its own messages do not come back");
    assert.equal(ana.room.position, beto.room.position);
    assert.ok(Number(ana.room.latency) >= 0);
  });

  test("shares the room with raw clients", async () => {
    const ana = await member(server.socket("mixed"));
    const raw = await nodeClient(server.socket("mixed?name=cron"));
    raw.say("olá");
    raw.say(Buffer.of(1, 2, 3));
    const { text, from } = await ana.told("message");
    assert.deepEqual([text, from.name], ["olá", "cron"]);
    await ana.told("message", ({ bytes }) => bytes?.length === 3);
    ana.room.publish("oi");
    ana.room.publish({ bytes: new Uint8Array(4) });
    await raw.inbox.have(2);
    assert.deepEqual(raw.inbox.all, ["oi", "binary 4"]);
    await raw.leave();
  });

  test("a cut connection loses nothing and repeats nothing", async () => {
    const proxy = await startProxy(server.port);
    const beto = await member(server.socket("cut"), { name: "beto" });
    const ana = await member(proxy.socket("cut"), { name: "ana" });
    const { you, session } = ana.room;
    await beto.room.publish("1");
    await ana.told("message", ({ text }) => text === "1");
    proxy.deafen();
    const lost = ana.room.publish("its ack is lost");
    await beto.told("message", ({ text }) => text === "its ack is lost");
    await beto.room.publish("2");
    proxy.cut();
    const kept = ana.room.publish("written while away");
    await beto.room.publish("3");
    const { recovered } = await ana.told("state", ({ recovered }) => recovered);
    assert.deepEqual([recovered, ana.room.you, ana.room.session], [true, you, session]);
    assert.ok((await lost).seq < (await kept).seq);
    await beto.told("message", ({ text }) => text === "written while away");
    await ana.told("message", ({ text }) => text === "3");
    assert.deepEqual(ana.texts(), ["1", "2", "3"]);
    assert.deepEqual(beto.texts(), ["its ack is lost", "written while away"]);
    assert.deepEqual(
      beto.events.filter((event) => event.type === "members" && event.change === "leave"),
      [],
    );
  });

  test("what was published before is recognised", async (t) => {
    t.mock.method(Math, "random", () => 0.5); // two clients with the same ids
    const ana = await member(server.socket("twice"));
    const { session } = ana.room;
    const first = await ana.room.publish("once");
    await ana.room.close();
    const again = await member(server.socket("twice"), { session, history: 10 });
    const second = await again.room.publish("once");
    assert.deepEqual([first.duplicate, second.duplicate, second.position], [undefined, true, first.position]);
    assert.equal((await again.room.history()).messages.length, 1);
    await again.room.publish("twice");
    assert.equal(again.room.state, "connected");
  });

  test("a session is of one client at a time", async () => {
    const first = await member(server.socket("session"), { name: "ana" });
    const { session, you } = first.room;
    const second = await member(server.socket("session"), { name: "ana", session });
    assert.deepEqual(second.room.you, you);
    await first.told("state", ({ code }) => code === 4003);
    await first.told("state", ({ state, recovered }) => state === "connected" && recovered);
    assert.notEqual(first.room.session, session);
    assert.notEqual(first.room.you?.id, you?.id);
    await second.room.publish("oi");
    await first.told("message", ({ from }) => from.id === you?.id);
  });

  test("names change, people come and go", async () => {
    const ana = await member(server.socket("people"), { name: "ana" });
    const beto = await member(server.socket("people"));
    const { name = "" } = beto.room.you ?? {};
    assert.match(name, /./, "the server gives one");
    await ana.told("members", ({ change }) => change === "join"); // or the rename may be told as a part of it
    beto.room.rename("beto");
    await ana.told("members", ({ change, member }) => change === "rename" && member.name === "beto");
    await beto.told("members", ({ change }) => change === "rename");
    assert.equal(beto.name(), "beto");
    beto.room.rename("\u200b");
    assert.equal((await beto.told("error")).code, "name_invalid");
    await beto.room.close();
    await ana.told("members", ({ change, member }) => change === "leave" && member.name === "beto");
    assert.equal(ana.room.memberCount, 1);
    const nameless = connect(server.socket("people"), { WebSocket, name: "\u200b" });
    for await (const event of nameless)
      if (event.type === "state") assert.equal(event.reason ?? "name_invalid", "name_invalid");
    assert.equal(nameless.state, "refused");
  });

  test("the history can be read in pages", async () => {
    const ana = await member(server.socket("past"));
    for (let i = 1; i <= 5; i++) await ana.room.publish(`${i}`);
    const beto = await member(server.socket("past"), { history: 2 });
    const { messages, more } = await beto.told("history");
    assert.deepEqual([messages.map(({ text }) => text), more], [["4", "5"], true]);
    const before = messages[0]?.position;
    const earlier = await beto.room.history({ before, limit: 10 });
    assert.deepEqual([earlier.messages.map(({ text }) => text), earlier.more], [["1", "2", "3"], false]);
    assert.equal((await ana.room.history({ limit: 1 })).messages[0]?.text, "5", "own messages are in it");
    await assert.rejects(beto.room.history({ before: "x.1" }), { code: "position_invalid" });
  });

  test("typing is told and forgotten", async () => {
    const [ana, beto] = await Promise.all([member(server.socket("typing")), member(server.socket("typing"))]);
    const { position } = ana.room;
    assert.equal(await ana.room.publish({ event: "typing", json: true, ephemeral: true }), undefined);
    const { seq, event, ephemeral } = await beto.told("message");
    assert.deepEqual([seq, event, ephemeral, beto.room.position], [undefined, "typing", true, position]);
    assert.deepEqual((await beto.room.history()).messages, []);
  });

  test("too much is refused, and the connection goes on", async () => {
    const ana = await member(server.socket("limits"));
    await assert.rejects(ana.room.publish("x".repeat(Number(ana.room.limits.message_bytes) + 1)), {
      code: "message_too_big",
    });
    await ana.room.publish("\u0001".repeat(Number(ana.room.limits.message_bytes))); // six bytes each in JSON
    assert.equal(ana.room.state, "connected");
  });

  test("the guide's program publishes, and ends when its room is closed", async () => {
    const program = example("js").replace("ws://localhost:8765/ops", server.socket("guide"));
    const cwd = new URL("..", import.meta.url);
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], { cwd, timeout: 10_000 });
    assert.match((await within(run, () => "the program's end")).stdout, /^stored at \w+\.\d+\n$/);
  });

  test("the guide's page talks, though it is of another origin", async () => {
    const html = example("html").replaceAll("http://localhost:8765/", server.page());
    const other = createServer((_, response) => response.setHeader("Content-Type", "text/html").end(html));
    other.listen(0, "localhost");
    await once(other, "listening");
    remember(() => other.close());
    const { port } = /** @type {import("node:net").AddressInfo} */ (other.address());
    const beto = await member(server.socket("ops"), { name: "beto" });
    await beto.room.publish("before");
    const browser = await launch();
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`http://localhost:${port}/`);
    await page.getByText("connected").waitFor();
    await page.fill("#text", "from afar");
    await page.click("button");
    await beto.told("message", ({ text }) => text === "from afar");
    await beto.room.publish("<b>olá</b>");
    await page.getByText("olá").waitFor();
    assert.deepEqual(await page.locator("li").allTextContents(), ["beto: before", "me: from afar", "beto: <b>olá</b>"]);
    await page.close();
  });

  test("a restart is announced; without the history there is a gap", async () => {
    const ana = await member(server.socket("restart"), { name: "ana" });
    await ana.room.publish("before");
    const stopped = server.stop("SIGTERM");
    const { wait } = await ana.told("state", ({ state }) => state === "draining");
    assert.ok(wait !== undefined);
    await stopped;
    await ana.told("state", ({ code }) => code === 1012);
    const kept = ana.room.publish("meanwhile");
    server = await startServer({ port: server.port });
    ana.room.retry();
    assert.equal((await ana.told("gap")).reason, "epoch");
    assert.equal((await kept).position, ana.room.position);
  });
});
