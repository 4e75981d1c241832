// @ts-check
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { connect, RecadoError } from "../../recado.js";
import { LATENCY_MS, message, Peer, settle, setUp } from "../support/room.js";

const ANSWER_MS = 10_000;
const FAREWELL_MS = 1_000;
const SILENCE_MS = 35_000;

/**
 * Gives the program a global for the time of a test.
 * @param {import("node:test").TestContext} t
 * @param {string} name
 * @param {unknown} value
 */
function pretend(t, name, value) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  t.after(() => {
    if (before) Object.defineProperty(globalThis, name, before);
    else Reflect.deleteProperty(globalThis, name);
  });
}

/** @param {import("node:test").TestContext} t */
function browser(t) {
  const page = Object.assign(new EventTarget(), { hidden: false });
  const window = new EventTarget();
  const navigator = { onLine: true };
  pretend(t, "location", { href: "https://chat.example/ops?x=1#top" });
  pretend(t, "document", page);
  pretend(t, "navigator", navigator);
  pretend(t, "addEventListener", window.addEventListener.bind(window));
  return {
    navigator,
    listeners: () => getEventListeners(window, "online").length + getEventListeners(page, "visibilitychange").length,
    /** @param {boolean} hidden */
    turn(hidden) {
      page.hidden = hidden;
      page.dispatchEvent(new Event("visibilitychange"));
    },
    online: () => window.dispatchEvent(new Event("online")),
  };
}

/** @param {string} path of a file of the project */
const read = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

test("is small", () => {
  const size = gzipSync(read("web/recado.js"), { level: 9 }).length;
  assert.ok(size <= 5 * 1024, `recado.js has ${size} bytes compressed`);
});

test("documents its errors", () => {
  const guide = read("docs/javascript.md");
  const codes = [...read("web/recado.js").matchAll(/(?:RecadoError|fail)\((?:id, )?"(\w+)"/g)].map(([, code]) => code);
  for (const code of [...codes, "refused", "closed"]) assert.ok(guide.includes(`\`${code}\``), `no word of ${code}`);
  assert.ok(codes.length >= 7);
});

describe("connecting", () => {
  test("takes addresses of every kind", (t) => {
    const address = (/** @type {string | URL} */ url) => setUp(t, { url }).room.url;
    assert.equal(address("ws://localhost:8765/ops"), "ws://localhost:8765/ops");
    assert.equal(address("http://localhost:8765"), "ws://localhost:8765/");
    assert.equal(address(new URL("https://chat.example/caf%C3%A9#x")), "wss://chat.example/caf%C3%A9");
    assert.throws(() => address("/ops"), TypeError, "there is no page");
    browser(t);
    assert.equal(address("/dev"), "wss://chat.example/dev");
    assert.equal(address(""), "wss://chat.example/ops?x=1");
  });

  test("needs a WebSocket", (t) => {
    pretend(t, "WebSocket", undefined);
    assert.throws(() => connect("ws://localhost:8765/"), { name: "RecadoError", code: "no_websocket" });
    pretend(t, "WebSocket", Peer);
    connect("ws://localhost:8765/").close();
  });

  test("offers the protocol and says hello first", (t) => {
    const { last } = setUp(t, { name: "ana", token: "t", history: 20, echo: true });
    assert.equal(last().protocol, "recado.v1");
    assert.deepEqual(last().sent, []);
    last().open();
    assert.deepEqual(last().frames, [{ type: "hello", name: "ana", token: "t", history: 20, echo: true }]);
  });

  test("tells its states", async (t) => {
    const { join, world, clock, seen } = setUp(t);
    world.random = 0.5;
    const peer = join({ recovered: false, replay: 0 });
    assert.deepEqual(await seen("state"), [{ type: "state", state: "connected", recovered: false, replay: 0 }]);
    peer.end(1001, "bye");
    const lost = { type: "state", state: "reconnecting", attempt: 1, wait: 250, code: 1001, reason: "bye" };
    assert.deepEqual(await seen("state"), [lost]);
    clock.pass(250);
    assert.deepEqual(await seen("state"), [{ type: "state", state: "reconnecting", attempt: 1, wait: 0 }]);
    join({ recovered: true, replay: 7 });
    assert.deepEqual(await seen("state"), [{ type: "state", state: "connected", recovered: true, replay: 7 }]);
  });

  test("gives up an attempt without an answer, and one without a welcome", async (t) => {
    const { clock, room, last, accept, peers } = setUp(t);
    clock.pass(ANSWER_MS);
    assert.deepEqual(last().farewell, { code: 4004, reason: "no_welcome" });
    last().end(1006);
    accept();
    clock.pass(ANSWER_MS - 1);
    assert.equal(last().farewell, undefined);
    clock.pass(1);
    assert.equal(last().farewell?.code, 4004);
    clock.pass(FAREWELL_MS);
    assert.equal(last().fresh, true, "does not wait for the answer to its close");
    assert.deepEqual([peers.length, peers[1]?.terminated, room.state], [3, true, "reconnecting"]);
    peers[1]?.end(4500);
    clock.pass(0);
    assert.equal(peers.length, 3, "what was given up is not heard any more");
  });

  test("hears nothing of a server that speaks otherwise", async (t) => {
    const { accept, room, clock, seen } = setUp(t);
    const peer = accept();
    for (const data of ["olá", "null", "7", '{"type":"message","text":"oi"}']) peer.onmessage?.({ data });
    assert.deepEqual(await seen(), []);
    clock.pass(ANSWER_MS);
    assert.equal(room.state, "connecting");
    assert.equal(peer.farewell?.code, 4004);
  });

  test("does not speak to a server that chose another protocol", async (t) => {
    const { last, room } = setUp(t);
    last().protocol = "recado.raw";
    last().open();
    assert.deepEqual([last().sent, last().farewell?.code], [[], 4504]);
    last().end(4504);
    assert.equal(room.state, "refused");
  });

  test("takes an error before the welcome for a refusal", async (t) => {
    const { accept, seen, clock, room } = setUp(t, { name: "\u0000" });
    const peer = accept();
    peer.say({ type: "error", code: "name_invalid", message: "…" });
    assert.deepEqual(peer.farewell, { code: 4504, reason: "name_invalid" });
    peer.end(4504, "other");
    assert.deepEqual(await seen(), [{ type: "state", state: "refused", code: 4504, reason: "name_invalid" }]);
    await assert.rejects(room.publish("x"), { code: "refused" });
    assert.equal(clock.timers, 0);
  });

  test("knows refusals by the handshake's status where the WebSocket tells it", async (t) => {
    for (const [status, state] of /** @type {const} */ ([
      ...[400, 401, 403, 404, 421, 426].map((status) => [status, "refused"]),
      ...[408, 425, 429, 500, 503, 302].map((status) => [status, "reconnecting"]),
    ])) {
      const { last, room, seen } = setUp(t);
      last().onerror?.({ message: `Unexpected server response: ${status}` });
      last().end(1006);
      assert.equal(room.state, state, String(status));
      const [{ code, reason }] = await seen();
      assert.deepEqual({ code, reason }, { code: status, reason: `Unexpected server response: ${status}` });
    }
  });

  test("survives a browser that refuses to try", async (t) => {
    let broken = true;
    class WebSocket extends Peer {
      /** @param {string} url @param {string} protocol */
      constructor(url, protocol) {
        super(url, protocol);
        if (broken) throw new Error("insecure");
      }
    }
    const { room, clock } = setUp(t, { WebSocket });
    assert.equal(room.state, "reconnecting");
    broken = false;
    clock.pass(0);
    assert.equal(clock.timers, 1, "the new attempt's");
  });
});

describe("coming back", () => {
  test("happens at once when there is reason to hope", (t) => {
    const { online, turn } = browser(t);
    const { join, world, peers, room } = setUp(t);
    world.random = 0.9;
    join().end(1006);
    turn(true);
    assert.equal(peers.length, 1);
    turn(false);
    assert.equal(peers.length, 2);
    online();
    assert.equal(peers.length, 2, "one attempt at a time");
    peers[1]?.end(4501);
    online();
    assert.deepEqual([room.state, peers.length], ["refused", 2]);
  });

  test("is looked after when there is reason to doubt", (t) => {
    const { turn } = browser(t);
    const { join, world, clock, room } = setUp(t);
    const peer = join();
    clock.pass(1000);
    world.answers = false;
    const pings = () => peer.sent.filter((text) => text === '{"type":"ping"}').length;
    assert.equal(pings(), 1);
    turn(false);
    assert.equal(pings(), 2);
    clock.pass(ANSWER_MS);
    assert.deepEqual(peer.farewell, { code: 4004, reason: "silent" });
    clock.pass(FAREWELL_MS);
    assert.equal(room.state, "reconnecting");
  });

  test("is offline without a network, and tries all the same", async (t) => {
    const { navigator } = browser(t);
    const { join, clock, seen, room } = setUp(t);
    const peer = join();
    navigator.onLine = false;
    peer.end(1006);
    assert.equal(room.state, "offline");
    navigator.onLine = true;
    clock.pass(0);
    await seen();
    assert.equal(room.state, "reconnecting");
  });

  test("waits as the server says, once", async (t) => {
    const { online } = browser(t);
    const { join, world, clock, peers, seen, room } = setUp(t);
    world.random = 0.5;
    const peer = join();
    await seen();
    peer.say({ type: "drain", reconnect_after_ms: 1834 });
    assert.deepEqual(await seen(), [{ type: "state", state: "draining", wait: 1834 }]);
    peer.end(1012);
    online();
    clock.pass(1833);
    assert.equal(peers.length, 1);
    clock.pass(1);
    assert.equal(peers.length, 2);
    await seen();
    peers[1]?.end(1006);
    assert.equal((await seen())[0].wait, 500);
    online();
    assert.equal(peers.length, 3);
    const next = join();
    next.say({ type: "drain", reconnect_after_ms: 86_400_000 });
    next.end(1012);
    assert.ok((await seen("state")).at(-1).wait <= 300_000, "no server keeps it away for a day");
    room.retry();
    assert.equal(peers.length, 4, "a person may be impatient");
  });

  test("is for a person to decide after a refusal", async (t) => {
    const { join, room, world, last, seen, peers } = setUp(t, { token: "old" });
    world.random = 0.5;
    last().end(1006);
    room.retry();
    join().end(4501, "token_invalid");
    await seen();
    room.auth("new");
    room.retry();
    assert.deepEqual(await seen(), [{ type: "state", state: "connecting", attempt: 0, wait: 0 }]);
    room.retry();
    assert.equal(peers.length, 3);
    assert.equal(join().frames[0].token, "new");
  });
});

describe("being connected", () => {
  test("is checked after silence", async (t) => {
    const { join, world, clock, room } = setUp(t);
    const peer = join({ ping_seconds: 25 });
    const pings = () => peer.sent.filter((text) => text === '{"type":"ping"}').length;
    clock.pass(LATENCY_MS);
    assert.equal(room.latency, LATENCY_MS);
    clock.pass(SILENCE_MS - 1);
    peer.say({ type: "join", member: { id: "m1", name: "x" } });
    clock.pass(SILENCE_MS - 1);
    assert.equal(pings(), 1, "any frame is a sign of life");
    world.answers = false;
    clock.pass(1);
    assert.equal(pings(), 2);
    clock.pass(ANSWER_MS - 1);
    peer.say(message(11, 10));
    clock.pass(SILENCE_MS);
    assert.equal(pings(), 3, "an answer of any kind will do");
    clock.pass(ANSWER_MS);
    assert.deepEqual(peer.farewell, { code: 4004, reason: "silent" });
    peer.end(1006);
    assert.equal(room.state, "reconnecting");
  });

  test("follows the server's idea of silence", (t) => {
    for (const [ping_seconds, silence] of [
      [5, 15_000],
      [0, SILENCE_MS],
      [undefined, SILENCE_MS],
    ]) {
      const { join, clock } = setUp(t);
      const peer = join({ ping_seconds });
      clock.pass(LATENCY_MS + (silence ?? 0) - 1);
      assert.equal(peer.sent.length, 2);
      clock.pass(1);
      assert.equal(peer.sent.length, 3);
    }
  });

  test("ends for good with close", async (t) => {
    const { listeners } = browser(t);
    const stop = new AbortController();
    const { join, room, clock, seen, peers } = setUp(t, { signal: stop.signal });
    assert.equal(listeners(), 2);
    const peer = join();
    await seen();
    const pending = room.publish("x");
    const closed = room.close();
    assert.deepEqual(peer.farewell, { code: 1000, reason: "" });
    assert.deepEqual(await seen(), [{ type: "state", state: "closed" }]);
    await assert.rejects(pending, { code: "uncertain" });
    await assert.rejects(room.publish("y"), { code: "closed" });
    peer.say(message(11, 10));
    peer.end(1000);
    await closed;
    assert.equal(room.close(), closed);
    room.retry();
    clock.pass(LATENCY_MS);
    assert.deepEqual([await seen(), peers.length, clock.timers], [[], 1, 0]);
    assert.deepEqual([listeners(), getEventListeners(stop.signal, "abort").length], [0, 0]);
  });

  test("does not wait long for the server's farewell", async (t) => {
    const { join, room, clock } = setUp(t);
    const peer = join();
    clock.pass(LATENCY_MS);
    const closed = room.close();
    clock.pass(FAREWELL_MS);
    await closed;
    assert.deepEqual([peer.terminated, clock.timers], [true, 0]);
  });

  test("can be closed at any time", async (t) => {
    for (const prepare of /** @type {((world: ReturnType<typeof setUp>) => unknown)[]} */ ([
      () => {},
      ({ last }) => last().end(1006),
      ({ last }) => last().end(4500),
      ({ join }) => join().say(message(40, 39)), // is closing already
      ({ room }) => room.on("state", () => room.close()),
    ])) {
      const world = setUp(t);
      prepare(world);
      const closed = world.room.close();
      world.clock.pass(FAREWELL_MS + LATENCY_MS);
      await closed;
      assert.deepEqual([world.room.state, world.clock.timers], ["closed", 0]);
      assert.ok(world.peers.every((peer) => !peer.fresh));
    }
  });

  test("can be closed by a signal", async (t) => {
    const stop = new AbortController();
    const { room, join } = setUp(t, { signal: stop.signal });
    const peer = join();
    stop.abort();
    assert.deepEqual([room.state, peer.farewell?.code], ["closed", 1000]);
    const late = setUp(t, { signal: stop.signal });
    assert.deepEqual([late.room.state, late.peers.length], ["closed", 0]);
    await late.room.close();
  });

  test("is not disturbed by what handlers throw", async (t) => {
    /** @type {unknown[]} */
    const thrown = [];
    const { queueMicrotask } = globalThis;
    t.mock.method(globalThis, "queueMicrotask", (/** @type {() => void} */ run) =>
      queueMicrotask(() => {
        try {
          run();
        } catch (error) {
          thrown.push(error);
        }
      }),
    );
    const { room, join } = setUp(t);
    room.on("message", () => {
      throw new RecadoError("mine");
    });
    const peer = join();
    peer.say(message(11, 10));
    peer.say(message(12, 11));
    await settle();
    assert.equal(thrown.length, 2);
    assert.deepEqual([room.position, room.state], ["e.12", "connected"]);
  });
});
