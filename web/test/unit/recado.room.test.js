// @ts-check
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ana, beto, message, settle, setUp } from "../support/room.js";

const carla = { id: "mcarla", name: "carla" };

describe("messages", () => {
  test("say what, who, when and where", async (t) => {
    const { join, seen, room } = setUp(t);
    const peer = join({ position: "k3f9.10" });
    await seen();
    peer.say(message(11, 10, { text: "oi", event: "greeting" }));
    assert.deepEqual(await seen(), [
      {
        ...{ type: "message", seq: 11, prev: 10, position: "k3f9.11", time: "2026-11-22T12:00:00.123Z", from: beto },
        ...{ text: "oi", event: "greeting" },
      },
    ]);
    assert.equal(room.position, "k3f9.11");
  });

  test("carry JSON and bytes", async (t) => {
    const { join, seen, room } = setUp(t);
    const peer = join();
    await seen();
    room.publish({ json: { a: [1, "ç"] } });
    room.publish({ bytes: Uint8Array.of(0, 255, 254, 128) });
    room.publish({ text: "", event: "e" });
    const [json, binary, empty] = peer.frames.slice(1);
    assert.deepEqual(json.json, { a: [1, "ç"] });
    assert.equal(binary.base64, "AP/+gA==");
    assert.deepEqual([empty.text, empty.event], ["", "e"]);
    peer.say(message(11, 10, { text: undefined, base64: "AP/+gA==" }));
    peer.say(message(12, 11, { text: undefined, json: null }));
    const [bytes, nothing] = await seen();
    assert.deepEqual(bytes.bytes, Uint8Array.of(0, 255, 254, 128));
    assert.equal("base64" in bytes, false);
    assert.equal(nothing.json, null);
  });

  test("of a megabyte are as good as small ones", async (t) => {
    const { join, seen, room } = setUp(t);
    const bytes = new Uint8Array(1 << 20).map((_, index) => index);
    const peer = join({ limits: undefined });
    room.publish({ bytes });
    peer.say(message(11, 10, { base64: peer.frames[1].base64 }));
    assert.deepEqual((await seen("message"))[0].bytes, bytes);
  });

  test("are counted in bytes, whatever they are made of", async (t) => {
    const { join, room } = setUp(t);
    const peer = join({ limits: { message_bytes: 8 } });
    for (const content of [{ text: "çççç" }, { json: ["ab", 1] }, { bytes: new Uint8Array(8) }]) room.publish(content);
    assert.equal(peer.frames.length, 4);
    for (const content of [{ text: "çççça" }, { json: ["abc", 1] }, { bytes: new Uint8Array(9) }]) {
      await assert.rejects(room.publish(content), { code: "message_too_big" });
      await assert.rejects(room.publish({ ...content, ephemeral: true }), { code: "message_too_big" });
    }
    assert.equal(peer.frames.length, 4);
  });

  test("are as they were when they were published", (t) => {
    const { join, room } = setUp(t);
    const json = { a: 1 };
    room.publish({ json });
    json.a = 2;
    assert.deepEqual(join().frames[1].json, { a: 1 });
  });

  test("get their place with the ack", async (t) => {
    const { join, seen, room } = setUp(t);
    const published = room.publish("oi");
    assert.equal(room.outboxSize, 1);
    const peer = join();
    await seen();
    const ack = { type: "ack", id: peer.frames[1].id, seq: 11, prev: 10 };
    peer.say(ack);
    assert.deepEqual(await published, { ...ack, position: "e.11" });
    assert.deepEqual(await seen(), [{ ...ack, position: "e.11" }]);
    assert.equal(room.outboxSize, 0);
    peer.say({ type: "ack", seq: 12, prev: 11 });
    assert.deepEqual(await seen(), [{ type: "ack", seq: 12, prev: 11, position: "e.12" }], "published elsewhere");
  });

  test("have ids of their own, whatever else is published in the session", (t) => {
    const ids = [0.1, 0.2].map((random) => {
      const { join, room } = setUp(t, { random, session: "s1" });
      room.publish("x");
      return join().frames[1].id;
    });
    assert.notEqual(ids[0], ids[1]);
  });

  test("wait when the connection is closing, and are not in doubt then", (t) => {
    const { join, room, clock } = setUp(t);
    const peer = join();
    peer.readyState = 2;
    room.publish("x");
    assert.equal(peer.frames.length, 1);
    peer.end(1001);
    clock.pass(0);
    assert.equal(join({ position: "n.0" }).frames[1]?.text, "x");
  });

  test("need no one to wait for them", async (t) => {
    const { room, last } = setUp(t);
    room.publish("x");
    room.publish({ text: "y", ephemeral: true });
    last().end(4500);
    room.publish("z");
    await settle(); // an unhandled rejection would fail this test
    assert.equal(room.state, "refused");
  });

  test("of others with echo are one's own too, and seen once in a replay", async (t) => {
    const { join, seen, room, clock } = setUp(t, { echo: true });
    const published = room.publish("oi");
    const peer = join();
    const { id } = peer.frames[1];
    peer.end(1006);
    clock.pass(0);
    const next = join({ recovered: true, replay: 2 });
    await seen();
    next.say(message(11, 10, { from: ana, text: "oi" }));
    next.say({ type: "ack", id, seq: 11, prev: 10 });
    assert.equal((await published).seq, 11);
    room.publish("again");
    assert.equal(next.frames.length, 1, "the replay has one more");
    next.say(message(12, 11));
    assert.equal(next.frames.length, 2);
    assert.deepEqual(
      (await seen("message")).map(({ text }) => text),
      ["oi", "text 12"],
    );
  });
});

describe("history", () => {
  test("comes with the hello, and is outside of the chain", async (t) => {
    const { join, seen, room } = setUp(t, { history: 2 });
    const peer = join();
    assert.equal(peer.frames[0].history, 2);
    await seen();
    peer.say({ type: "history", messages: [message(9, 8), message(10, 9, { base64: "AA==" })], more: true });
    const [{ messages, more }] = await seen();
    assert.deepEqual(
      messages.map((/** @type {any} */ { position }) => position),
      ["e.9", "e.10"],
    );
    assert.deepEqual([messages[1].bytes, more, room.position], [Uint8Array.of(0), true, "e.10"]);
  });

  test("is asked for until it is answered", async (t) => {
    const { join, seen, room } = setUp(t);
    const asked = room.history({ before: "e.9", limit: 2 });
    assert.equal(room.outboxSize, 0, "it is no message");
    const first = join();
    const { id, ...frame } = first.frames[1];
    assert.deepEqual(frame, { type: "history", before: "e.9", limit: 2 });
    first.end(1006);
    const second = join({ position: "n.0" });
    assert.deepEqual(second.frames[1], { id, ...frame });
    await seen();
    second.say({ type: "history", id, messages: [message(8, 7)], more: false });
    const { messages, more } = await asked;
    assert.deepEqual([messages.length, more], [1, false]);
    assert.deepEqual(await seen(), [], "the answer is for who asked");
  });

  test("may be refused", async (t) => {
    const { join, room, seen } = setUp(t);
    const peer = join();
    const asked = room.history({ before: "x.1" });
    peer.say({ type: "error", id: peer.frames[1].id, code: "position_invalid", message: "of another epoch" });
    await assert.rejects(asked, { code: "position_invalid", message: "of another epoch" });
    assert.deepEqual(await seen("error"), [], "the answer is for who asked");
    const late = room.history();
    room.close();
    await assert.rejects(late, { code: "closed" });
  });
});

describe("members", () => {
  test("come, go and change their names", async (t) => {
    const { join, seen, room } = setUp(t);
    const names = () => [...room.members.values()].map(({ name }) => name);
    const peer = join({ members: [ana], member_count: 1 });
    assert.deepEqual(await seen("members"), [{ type: "members", change: "welcome", member: undefined }]);
    peer.say({ type: "join", member: beto });
    peer.say({ type: "join", member: carla });
    peer.say({ type: "join", member: carla });
    assert.deepEqual([names(), room.memberCount], [["ana", "beto", "carla"], 3]);
    peer.say({ type: "leave", member: beto });
    peer.say({ type: "leave", member: beto });
    peer.say({ type: "rename", member: { ...carla, name: "c" } });
    assert.deepEqual([names(), room.memberCount], [["ana", "c"], 2]);
    const changes = await seen("members");
    assert.deepEqual(
      changes.map(({ change }) => change),
      ["join", "join", "join", "leave", "leave", "rename"],
    );
    assert.deepEqual(changes.at(-1).member, { ...carla, name: "c" });
  });

  test("are counted where there are too many to list", async (t) => {
    const { join, room } = setUp(t);
    const peer = join({ members: undefined, member_count: 1001 });
    assert.deepEqual([room.members.size, room.memberCount], [0, 1001]);
    peer.say({ type: "count", member_count: 1002 });
    assert.equal(room.memberCount, 1002);
    peer.say({ type: "count", member_count: 2, members: [ana, beto] });
    peer.say({ type: "join", member: carla });
    assert.deepEqual([room.members.size, room.memberCount], [3, 3]);
    peer.say({ type: "count", member_count: 1003 });
    assert.deepEqual([room.members.size, room.memberCount], [0, 1003]);
    peer.end(1006);
    join({ members: [ana], member_count: 1 });
    assert.deepEqual([...room.members.values()], [ana]);
  });

  test("rename themselves, on this connection and on later ones", (t) => {
    const { join, room, accept } = setUp(t);
    room.rename("ana 1");
    const peer = join();
    assert.equal(peer.frames[0].name, "ana 1");
    assert.deepEqual(room.you, ana);
    room.rename("ana 2");
    assert.deepEqual(peer.frames[1], { type: "rename", name: "ana 2" });
    peer.say({ type: "rename", member: { ...ana, name: "ana 2" } });
    assert.equal(room.you?.name, "ana 2");
    peer.end(1006);
    assert.equal(accept().frames[0].name, "ana 2");
  });

  test("keep their name when the new one is refused", async (t) => {
    const { join, room, accept, seen } = setUp(t);
    const peer = join();
    room.rename("\u0000");
    await seen();
    const error = { type: "error", code: "name_invalid", message: "no name" };
    peer.say(error);
    assert.deepEqual(await seen(), [error]);
    peer.end(1006);
    assert.equal(accept().frames[0].name, "ana");
  });
});

describe("events", () => {
  test("tell of gaps, limits and errors", async (t) => {
    const { join, seen, room } = setUp(t);
    const peer = join();
    await seen();
    const gap = { type: "gap", from: 11, to: 37, missed: 14, reason: "slow", position: "e.37" };
    peer.say(gap);
    peer.say({ type: "error", code: "rate_limited", message: "slower", retry_after_ms: 800 });
    peer.say({ type: "error", code: "bad_field", message: "x", id: "unknown" });
    const [first, limited, error] = await seen();
    assert.deepEqual(first, gap);
    assert.deepEqual([limited.type, limited.retry_after_ms], ["limited", 800]);
    assert.deepEqual(error, { type: "error", code: "bad_field", message: "x", id: "unknown" });
    assert.equal(room.position, "e.37");
  });

  test("come to those who want them, as long as they do", async (t) => {
    const { join, room } = setUp(t);
    /** @type {string[]} */
    const heard = [];
    const off = room.on("message", ({ text = "" }) => heard.push(text));
    const peer = join();
    peer.say(message(11, 10));
    await settle();
    off();
    off();
    peer.say(message(12, 11));
    await settle();
    assert.deepEqual(heard, ["text 11"]);
  });

  test("can be looped over until the end", async (t) => {
    const { join, room } = setUp(t);
    /** @type {string[]} */
    const heard = [];
    const loop = (async () => {
      for await (const event of room) {
        heard.push(event.type === "state" ? event.state : event.type);
        if (event.type === "message" && event.seq === 12) room.close();
      }
    })();
    const peer = join();
    peer.say(message(11, 10));
    await settle();
    peer.say(message(12, 11));
    await settle();
    peer.end(1000);
    await loop;
    assert.deepEqual(heard.slice(0, 4), ["connected", "members", "message", "message"]);
    for await (const event of room) assert.fail(`${event.type} after the end`);
  });

  test("end with a refusal", async (t) => {
    const { last, room } = setUp(t);
    const events = room[Symbol.asyncIterator]();
    const first = events.next();
    last().end(4500, "auth_required");
    assert.deepEqual((await first).value, { type: "state", state: "refused", code: 4500, reason: "auth_required" });
    assert.equal((await events.next()).done, true);
  });

  test("can be left in the midst", async (t) => {
    const { join, room } = setUp(t);
    const peer = join();
    const loop = (async () => {
      for await (const { type } of room) if (type === "message") break;
    })();
    peer.say(message(11, 10));
    await loop;
    assert.equal(room.state, "connected");
  });

  test("are not kept without end for a loop that does not read them", async (t) => {
    const { join, room } = setUp(t);
    const peer = join();
    const events = room[Symbol.asyncIterator]();
    const first = events.next();
    peer.say(message(11, 10));
    await first;
    for (let seq = 12; seq < 11_000; seq++) peer.say(message(seq, seq - 1));
    await settle();
    const told = t.mock.method(globalThis, "queueMicrotask").mock;
    peer.say(message(11_000, 10_999));
    assert.equal(told.callCount(), 1, "others go on");
    await assert.rejects(events.next(), { code: "behind" });
  });
});
