// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { BASE_MS, backoff, CAP_MS, isRefusal, STABLE_MS } from "../../page/assets/backoff.js";
import { CONNECT_MS, Connection } from "../../page/assets/socket.js";
import { Clock, FakeSocket } from "../support/clock.js";

const vectors = JSON.parse(readFileSync(new URL("../../../testdata/reconnect.json", import.meta.url), "utf8"));

/** A connection with everything around it in the test's hand. */
function setUp() {
  const clock = new Clock();
  /** @type {FakeSocket[]} */
  const sockets = [];
  /** @type {string[]} */
  const said = [];
  const world = { random: 0.5, online: true, broken: false };
  const connection = new Connection(
    "ws://localhost:8765/ops",
    {
      status: ({ state }) => {
        if (said.at(-1) !== state) said.push(state);
      },
      open: () => said.push("open"),
      message: (data) => said.push(`message ${data}`),
      close: ({ code, clean, buffered }) => said.push(`close ${code} ${clean} ${buffered}`),
    },
    {
      connect: () => {
        if (world.broken) throw new Error("not allowed");
        const socket = new FakeSocket();
        sockets.push(socket);
        return /** @type {any} */ (socket);
      },
      now: clock.now,
      after: clock.after,
      cancel: clock.cancel,
      random: () => world.random,
      online: () => world.online,
    },
  );
  const last = () => /** @type {FakeSocket} */ (sockets.at(-1));
  return { clock, sockets, said, world, connection, last };
}

describe("backoff", () => {
  test("is what every client does", () => {
    assert.deepEqual([BASE_MS, CAP_MS, STABLE_MS], [vectors.base_ms, vectors.cap_ms, vectors.stable_ms]);
    for (const { failures, random, wait_ms } of vectors.waits) assert.equal(backoff(failures, random), wait_ms);
  });

  test("tells refusals from accidents", () => {
    for (const code of vectors.refusals) assert.equal(isRefusal(code), true, String(code));
    for (const code of vectors.accidents) assert.equal(isRefusal(code), false, String(code));
  });
});

describe("connection", () => {
  test("connects, hears and sends", () => {
    const { connection, said, last } = setUp();
    connection.retry();
    assert.equal(connection.send("too early"), false);
    last().open();
    assert.equal(connection.send("oi"), true);
    last().onmessage?.({ data: "olá" });
    assert.deepEqual(said, ["connecting", "connected", "open", "message olá"]);
    assert.deepEqual(last().sent, ["oi"]);
    assert.equal(last().binaryType, "arraybuffer");
  });

  test("comes back by itself, later each time", () => {
    const { connection, clock, sockets, said, last } = setUp();
    connection.retry();
    last().open();
    for (const [count, wait] of [250, 500, 1000, 2000].entries()) {
      last().end(1006);
      assert.equal(connection.status.retryAt, clock.now() + wait);
      assert.equal(connection.status.wait, wait);
      clock.pass(wait - 1);
      assert.equal(sockets.length, count + 1);
      clock.pass(1);
      assert.equal(sockets.length, count + 2);
      assert.equal(connection.status.retryAt, null);
    }
    last().open();
    assert.deepEqual(said, [
      ...["connecting", "connected", "open", "close 1006 false 0", "reconnecting"],
      ...["connected", "open"],
    ]);
  });

  test("forgets earlier failures only after a stable connection", () => {
    const { connection, clock, last } = setUp();
    connection.retry();
    for (let i = 0; i < 4; i++) {
      last().end(1006);
      clock.pass(connection.status.wait);
    }
    last().open();
    clock.pass(STABLE_MS - 1);
    last().end(1001);
    assert.equal(connection.status.wait, 4000);
    clock.pass(4000);
    last().open();
    clock.pass(STABLE_MS);
    last().end(1001);
    assert.equal(connection.status.wait, 250);
  });

  test("does not wait when there is reason to hope", () => {
    const { connection, clock, sockets, last } = setUp();
    connection.retry();
    last().end(1006);
    connection.hope();
    assert.equal(sockets.length, 2);
    assert.equal(connection.status.retryAt, null);
    connection.hope();
    connection.retry();
    assert.equal(sockets.length, 2, "one attempt at a time");
    clock.pass(CONNECT_MS - 1);
    assert.equal(sockets.length, 2);
    last().open();
    connection.retry();
    assert.equal(sockets.length, 2, "nothing to do while connected");
    clock.pass(10 * CAP_MS);
    assert.equal(clock.timers, 0);
  });

  test("is offline, not reconnecting, without a network, and tries all the same", () => {
    const { connection, world, said, sockets, clock, last } = setUp();
    connection.retry();
    last().open();
    world.online = false;
    connection.refresh();
    assert.equal(connection.status.state, "connected", "the server may be reachable without internet");
    last().end(1006);
    assert.equal(connection.status.state, "offline");
    clock.pass(250);
    assert.equal(sockets.length, 2);
    world.online = true;
    connection.refresh();
    last().open();
    assert.deepEqual(said.slice(4), ["close 1006 false 0", "offline", "reconnecting", "connected", "open"]);
  });

  test("stops at a refusal until a person asks again", () => {
    for (const code of vectors.refusals) {
      const { connection, clock, sockets, last } = setUp();
      connection.retry();
      last().open();
      last().end(code);
      assert.deepEqual(connection.status, { state: "refused", retryAt: null, wait: 0, code });
      connection.hope();
      clock.pass(10 * CAP_MS);
      assert.equal(sockets.length, 1);
      connection.retry();
      assert.equal(sockets.length, 2);
      assert.equal(connection.status.state, "connecting");
    }
  });

  test("gives up an attempt that nobody answers, and does not hear it later", () => {
    const { connection, clock, sockets, last } = setUp();
    connection.retry();
    const silent = last();
    clock.pass(CONNECT_MS);
    assert.equal(silent.closed, true);
    assert.equal(connection.status.state, "reconnecting");
    silent.open();
    silent.end(1000);
    assert.equal(connection.status.state, "reconnecting");
    clock.pass(250);
    assert.equal(sockets.length, 2);
  });

  test("survives a browser that refuses to try", () => {
    const { connection, world, clock, sockets } = setUp();
    world.broken = true;
    connection.retry();
    assert.equal(connection.status.state, "reconnecting");
    world.broken = false;
    clock.pass(250);
    assert.equal(sockets.length, 1);
  });

  test("does not hand text to a socket that is closing", () => {
    const { connection, last } = setUp();
    connection.retry();
    last().open();
    last().readyState = 2;
    assert.equal(connection.send("late"), false);
    assert.deepEqual(last().sent, []);
  });
});
