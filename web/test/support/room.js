// @ts-check
// A room of recado.js with everything around it in the test's hand: the clock, the dice and the server.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "../../recado.js";
import { Clock, FakeSocket } from "./clock.js";

export const LATENCY_MS = 18;

/** @param {string} name of a file with what every client of Recado does */
export const vectors = (name) =>
  JSON.parse(readFileSync(new URL(`../../../testdata/${name}`, import.meta.url), "utf8"));

/** Lets everything run that waits for nothing. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** The server's side of one connection. */
export class Peer extends FakeSocket {
  /** @type {{code?: number, reason?: string} | undefined} what the client closed with */
  farewell;
  terminated = false;
  /** @type {((event: {message: string}) => void) | null} */
  onerror = null;

  /** @param {string} url @param {string} protocol */
  constructor(url, protocol) {
    super();
    this.url = url;
    this.protocol = protocol;
  }

  /** What the client has written, without its pings. */
  get frames() {
    return this.sent.map((text) => JSON.parse(text)).filter((frame) => frame.type !== "ping");
  }

  get fresh() {
    return this.readyState === 0 && !this.farewell;
  }

  /** @override @param {number} [code] @param {string} [reason] */
  close(code, reason) {
    this.farewell ??= { code, reason };
    this.readyState = 2;
  }

  terminate() {
    this.terminated = true;
  }

  /** @param {object} frame */
  say(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** @override @param {number} code @param {string} [reason] */
  end(code, reason = "") {
    this.readyState = 3;
    const event = { code, wasClean: code !== 1006, reason };
    this.onclose?.(event);
  }
}

export const ana = { id: "mana", name: "ana" };
export const beto = { id: "mbeto", name: "beto" };

/** @param {object} [fields] that differ from the usual */
export const welcome = (fields) => ({
  ...{ type: "welcome", room: "ops", session: "s1", you: ana, position: "e.10", recovered: false, replay: 0 },
  ...{ members: [ana, beto], member_count: 2, limits: { message_bytes: 65536 }, ping_seconds: 25 },
  ...fields,
});

/** @param {number} seq @param {number} prev @param {object} [fields] */
export const message = (seq, prev, fields) => ({
  ...{ type: "message", seq, prev, time: "2026-11-22T12:00:00.123Z", from: beto, text: `text ${seq}` },
  ...fields,
});

/**
 * Connects, in a world that goes when the test ends.
 * @param {import("node:test").TestContext} t
 * @param {import("../../recado.types.d.ts").Options & {url?: string | URL, random?: number}} [options] with the dice
 */
export function setUp(t, { url = "ws://localhost:8765/ops", random = 0, ...options } = {}) {
  const clock = new Clock();
  const world = { random, answers: true };
  /** @type {Peer[]} */
  const peers = [];
  t.mock.method(globalThis, "setTimeout", clock.after);
  t.mock.method(globalThis, "clearTimeout", clock.cancel);
  t.mock.method(Date, "now", clock.now);
  t.mock.method(Math, "random", () => world.random);
  class WebSocket extends Peer {
    /** @param {string} url @param {string} protocol */
    constructor(url, protocol) {
      super(url, protocol);
      peers.push(this);
    }

    /** @override @param {string} text */
    send(text) {
      super.send(text);
      const pings = JSON.parse(text).type === "ping";
      if (pings && world.answers) clock.after(() => this.say({ type: "pong" }), LATENCY_MS);
    }
  }
  const room = connect(url, { WebSocket, ...options });
  /** @type {any[]} */
  const events = [];
  room.on("*", (event) => events.push(event));
  const last = () => {
    const peer = peers.at(-1);
    assert.ok(peer, "the client has made no connection");
    return peer;
  };
  /** What has happened since the last look, or only one type of it. @param {string} [type] */
  const seen = async (type) => {
    await settle();
    return events.splice(0).filter((event) => !type || event.type === type);
  };
  /** Accepts the attempt to connect that is under way or due; the welcome is the caller's. */
  const accept = () => {
    clock.pass(0);
    assert.equal(last().fresh, true, "the client does not connect");
    last().open();
    return last();
  };
  /** The same, with the welcome. @param {object} [fields] */
  const join = (fields) => {
    const peer = accept();
    peer.say(welcome(fields));
    return peer;
  };
  return { room, clock, world, peers, last, seen, accept, join };
}
