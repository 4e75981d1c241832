// @ts-check
// What every client of recado.v1 does alike.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { settle, setUp, vectors, welcome } from "../support/room.js";

const reconnect = vectors("reconnect.json");
const outbox = vectors("outbox.json");
const chain = vectors("protocol/chain.json");
const events = vectors("protocol/events.json");
const commands = vectors("protocol/commands.json");

describe("reconnecting", () => {
  for (const { failures, random, wait_ms } of reconnect.waits) {
    test(`after ${failures} failures, dice ${random}`, async (t) => {
      const { clock, world, last, seen } = setUp(t);
      for (let failed = 1; failed < failures; failed++) {
        last().end(1006);
        clock.pass(0);
      }
      world.random = random;
      await seen();
      last().end(1006);
      const [{ wait, attempt }] = await seen();
      assert.deepEqual({ wait, attempt }, { wait: wait_ms, attempt: failures });
    });
  }

  for (const code of [...reconnect.accidents, ...reconnect.session_accidents]) {
    test(`comes back after ${code}`, async (t) => {
      const { join, room, clock, peers } = setUp(t);
      join().end(code);
      assert.equal(room.state, "reconnecting");
      clock.pass(0);
      assert.equal(peers.length, 2);
    });
  }

  for (const code of reconnect.refusals) {
    test(`stays away after ${code}`, async (t) => {
      const { join, clock, peers, seen } = setUp(t);
      const peer = join();
      await seen();
      peer.end(code, "why");
      assert.deepEqual(await seen(), [{ type: "state", state: "refused", code, reason: "why" }]);
      clock.pass(reconnect.cap_ms);
      assert.equal(peers.length, 1);
      assert.equal(clock.timers, 0);
    });
  }

  test("forgets earlier failures after a stable connection, not before", async (t) => {
    const { join, world, clock, room } = setUp(t);
    /** @type {number[]} */
    const waits = [];
    room.on("state", ({ wait }) => wait && waits.push(wait));
    world.random = 0.5;
    for (const stays of [0, reconnect.stable_ms - 1, reconnect.stable_ms, reconnect.stable_ms - 1]) {
      room.retry();
      const peer = join();
      clock.pass(stays);
      peer.end(1006);
    }
    await settle();
    const { base_ms } = reconnect;
    assert.deepEqual(waits, [base_ms / 2, base_ms, base_ms / 2, base_ms]);
  });
});

/**
 * Publishes, and notes what becomes of it.
 * @param {import("../../recado.types.d.ts").Room} room
 * @param {import("../../recado.types.d.ts").Content} content
 * @param {(outcome: import("../../recado.types.d.ts").Ack | string | undefined) => void} note
 */
const publish = (room, content, note) => {
  room.publish(content).then(note, (error) => note(error.code));
};

describe("outbox", () => {
  for (const { name, steps } of outbox.cases) {
    test(name, async (t) => {
      const { room, clock, peers, last, accept } = setUp(t);
      /** @type {Record<string, string>} */
      let settled = {};
      /** @type {Map<string, string>} */
      const ids = new Map();
      let seen = 0;
      /** @param {{id: string, text: string}} frame */
      const textOf = ({ id, text }) => {
        const key = text.replace(/\.+$/, "");
        assert.equal(ids.get(key) ?? id, id, `the id of ${key} changes`);
        ids.set(key, id);
        return key;
      };
      for (const [index, step] of steps.entries()) {
        const { do: what, of, hello = {}, written = [], settled: want = {}, ...frame } = step;
        if (what === "publish") {
          const { text, bytes = 0, ephemeral } = step;
          publish(room, { text: text.padEnd(bytes, "."), ephemeral }, (outcome) => {
            if (outcome === undefined) settled[text] = "sent";
            else if (outcome === "outbox_full") settled[text] = "full";
            else if (typeof outcome === "string") settled[text] = outcome;
            else settled[text] = `${outcome.duplicate ? "duplicate" : "acked"} ${outcome.position}`;
          });
        } else if (what === "connected") {
          const peer = accept();
          for (const [field, value] of Object.entries(hello)) assert.equal(peer.frames[0][field] ?? null, value);
          peer.say(welcome(step.welcome));
        } else if (what === "lost") last().end(step.code);
        else if (what === "pass") clock.pass(step.ms);
        else if (what === "close") room.close();
        else last().say({ time: "", from: {}, member: {}, ...frame, type: what, id: of && ids.get(of) });
        await settle();
        const frames = peers.flatMap((peer) => peer.frames).filter((sent) => sent.type === "publish");
        const at = `step ${index + 1}, ${JSON.stringify(step)}`;
        assert.deepEqual(frames.slice(seen).map(textOf), written, `written at ${at}`);
        assert.deepEqual(settled, want, `settled at ${at}`);
        seen = frames.length;
        settled = {};
      }
      assert.equal(new Set(ids.values()).size, ids.size, "the ids are not unique");
    });
  }
});

describe("chain", () => {
  for (const { name, echo, steps } of chain.cases) {
    test(name, async (t) => {
      const { room, peers, last, accept, seen } = setUp(t, { echo });
      let step = 0;
      /** @type {string[]} by number of the publish */
      const ids = [];
      const published = () => peers.flatMap((peer) => peer.frames).filter((frame) => frame.type === "publish");
      /** @type {Record<string, any[]>} */
      let outcomes = {};
      let position;
      for (const { connect, receive = [], cut, publish: id, ...want } of steps) {
        step++;
        const sent = published().length;
        const left = peers.filter((peer) => peer.farewell).length;
        if (connect) {
          const { since = "", session = "" } = accept().frames[0];
          assert.deepEqual({ since, session }, connect);
        }
        for (const frame of receive) {
          last().say({ ...frame, id: ids[Number(/^c(\d+)$/.exec(frame.id)?.[1])] ?? frame.id });
        }
        if (cut) last().end(cut);
        if (id) {
          publish(room, { text: id }, (outcome) => {
            const [kind, what] =
              typeof outcome === "object"
                ? ["acked", { id, seq: outcome.seq, duplicate: outcome.duplicate ?? false }]
                : outcome === "uncertain"
                  ? ["uncertain", id]
                  : ["fails", { id, code: outcome }];
            outcomes[kind] = [...(outcomes[kind] ?? []), what];
          });
        }
        const happened = await seen();
        /** @param {string} type */
        const of = (type) => happened.filter((event) => event.type === type);
        const frames = published();
        for (const { id, text } of frames) ids[Number(text.slice(1))] = id;
        position = want.position ?? position;
        assert.deepEqual(
          {
            position: room.position,
            shows: of("message").map((message) => message.text),
            page: of("history").flatMap(({ messages }) => messages.map((/** @type {any} */ { text }) => text)),
            gaps: of("gap").map(({ from = 0, to = 0, missed = 0, reason }) => ({ from, to, missed, reason })),
            sends: frames.slice(sent).map((frame) => frame.text),
            closes: peers.filter((peer) => peer.farewell)[left]?.farewell?.code,
            ...{ acked: [], fails: [], uncertain: [], ...outcomes },
          },
          {
            ...{ position, shows: [], page: [], gaps: [], sends: [], closes: undefined },
            ...{ acked: [], fails: [], uncertain: [], ...want },
          },
          `step ${step}`,
        );
        outcomes = {};
      }
    });
  }
});

/**
 * Asserts that what the client says has all that a vector says: "", 0, false and null may be left out.
 * @param {any} got
 * @param {any} want
 * @param {string} at
 */
function covers(got, want, at) {
  if (!want) assert.ok(!got, at);
  else if (at.endsWith(".time")) assert.equal(Date.parse(got), Date.parse(want), at);
  else if (at.endsWith(".content")) assert.deepEqual(got, want, at);
  else if (typeof want === "object") {
    if (Array.isArray(want)) assert.equal(got?.length, want.length, at);
    for (const [key, value] of Object.entries(want)) {
      covers(key === "content" ? contentOf(got) : got?.[key], value, `${at}.${key}`);
    }
  } else assert.equal(got, want, at);
}

/** @param {import("../../recado.types.d.ts").Message} message */
function contentOf({ text, json, bytes }) {
  if (bytes) return { kind: "binary", data: Buffer.from(bytes).toString("hex") };
  return text === undefined ? { kind: "json", data: JSON.stringify(json) } : { kind: "text", data: text };
}

/**
 * What the client says about a frame, in the words of the vectors.
 * @param {string} type
 * @param {any[]} happened
 * @param {import("../../recado.types.d.ts").Room} room
 */
function said(type, happened, room) {
  const { session, you, position, limits, memberCount: member_count } = room;
  const members = room.members.size ? [...room.members.values()] : null;
  const [event = {}, ...more] = happened;
  if (type === "welcome") return { ...event, type, session, you, position, members, member_count, limits };
  assert.deepEqual(more, []);
  if (type === "count") return { type: event.change, members, member_count };
  if (type === "drain") return { type: event.state === "draining" && type, reconnect_after_ms: event.wait };
  if (type === "pong") return { type: room.latency === undefined || type };
  return {
    ...event,
    type: { members: event.change, limited: "error" }[/** @type {string} */ (event.type)] ?? event.type,
  };
}

describe("events", () => {
  for (const { name, frame, event, ignored } of events.cases) {
    if (!event && !ignored) continue; // this client does not check what it reads
    test(name, async (t) => {
      const { room, accept, join, world, seen } = setUp(t);
      world.answers = false;
      const peer =
        event?.type === "welcome"
          ? accept()
          : join({ position: `k3f9.${event?.prev ?? 41}`, members: [], member_count: 0 });
      await seen();
      peer.onmessage?.({ data: frame });
      const happened = await seen();
      if (ignored) return assert.deepEqual(happened, []);
      const { room: _, ping_seconds: __, ...want } = event;
      covers(said(want.type, happened, room), want, want.type);
      assert.equal(room.state, want.type === "drain" ? "draining" : "connected");
    });
  }
});

describe("commands", () => {
  for (const { name, frame, sent } of commands.cases) {
    if (!sent) continue;
    test(name, (t) => {
      const { type, id: _, base64, ...fields } = JSON.parse(frame);
      const { room, accept, join } = setUp(t, type === "hello" ? fields : {});
      const peer = type === "hello" ? accept() : join();
      const bytes = base64 === undefined ? undefined : Buffer.from(base64, "base64");
      if (type === "publish") room.publish({ ...fields, bytes });
      else if (type === "history") room.history(fields);
      else if (type === "rename") room.rename(fields.name);
      else if (type === "auth") room.auth(fields.token);
      const written = peer.sent.map((text) => JSON.parse(text)).findLast((other) => other.type === type);
      const { id, ...rest } = written;
      const { id: __, ...want } = JSON.parse(frame);
      assert.deepEqual(rest, want);
      if (type === "publish" || type === "history") assert.match(id, /^[!-~]{1,64}$/);
    });
  }
});
