// @ts-check
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Conversation, MAX_ITEMS } from "../../page/assets/conversation.js";
import { continues } from "../../page/assets/items.js";
import { MAX_AGE_MS, MAX_WAITING } from "../../page/assets/outbox.js";
import { MAX_NAMES, note, presence } from "../../page/assets/presence.js";
import { stateOf } from "../../page/assets/state.js";
import { ana, beto, message, settle, setUp } from "../support/room.js";

/** @typedef {import("../../page/assets/items.js").Item} Item */

/** @param {import("node:test").TestContext} t @param {string} [seen] */
function open(t, seen) {
  const world = setUp(t);
  /** @type {string[]} */
  const changes = [];
  const conversation = new Conversation("ops", world.room, (change) => changes.push(change), seen);
  return { ...world, conversation, changes };
}

/** @param {Item} item */
const words = (item) => (item.kind === "message" ? item.content.text : item.kind);

describe("a conversation", () => {
  test("shows own messages in the place that the room gave them", async (t) => {
    const { conversation, join, last } = open(t);
    conversation.say("early");
    assert.deepEqual(conversation.pending.map(words), ["early"]);
    assert.equal(conversation.outbox.waiting, 1);
    join();
    await settle();
    const [, frame] = last().frames;
    last().say(message(11, 10));
    await settle();
    assert.deepEqual(conversation.items.map(words), ["text 11"], "what others say meanwhile comes before");
    last().say({ type: "ack", id: frame.id, seq: 12, prev: 11 });
    await settle();
    assert.deepEqual(conversation.items.map(words), ["text 11", "early"]);
    assert.deepEqual(conversation.pending, []);
    const own = conversation.items[1];
    assert.ok(own?.kind === "message");
    assert.deepEqual([own.own, own.seq, own.entry?.mark, own.from], [true, 12, "sent", ana]);
  });

  test("keeps what cannot be sent, where it can still be discarded", async (t) => {
    const { conversation, join, last, clock } = open(t);
    for (let i = 0; i < MAX_WAITING; i++) assert.ok(conversation.say(`${i}`));
    assert.equal(conversation.say("one more"), false);
    await settle();
    const [first] = conversation.pending;
    assert.ok(first);
    conversation.discard(first);
    conversation.discardAll();
    assert.equal(conversation.pending.length, 0);
    conversation.say("old");
    clock.pass(MAX_AGE_MS + 1);
    conversation.outbox.expire();
    assert.deepEqual([conversation.pending.at(-1)?.entry?.mark, conversation.outbox.size], ["expired", 0]);
    join();
    await settle();
    assert.deepEqual(last().frames.slice(1), [], "nothing of it is sent");
  });

  test("sends more than the client takes at once, in order", async (t) => {
    const { conversation, join, last } = open(t);
    join();
    await settle();
    const all = Array.from({ length: 45 }, (_, i) => `${i}`);
    for (const text of all) conversation.say(text);
    await settle();
    for (let seq = 11; conversation.pending.length > 0; seq++) {
      const frame = last().frames[seq - 10];
      last().say({ type: "ack", id: frame.id, seq, prev: seq - 1 });
      await settle();
    }
    assert.deepEqual(conversation.items.map(words), all);
  });

  test("counts what was not seen, also while the page was not there", async (t) => {
    const { conversation, join, last } = open(t, "e.8");
    join();
    const own = message(10, 9, { from: ana });
    last().say({ type: "history", messages: [message(8, 7), message(9, 8), own], more: true });
    await settle();
    assert.deepEqual([conversation.unread, conversation.firstUnread], [1, conversation.items[1]]);
    assert.equal(conversation.more, true);
    assert.deepEqual(
      conversation.items.map((item) => item.kind === "message" && item.own),
      [false, false, true],
    );
    conversation.look();
    assert.deepEqual([conversation.unread, conversation.lastSeen], [0, "e.10"]);
    last().say(message(11, 10));
    await settle();
    assert.deepEqual([conversation.unread, conversation.firstUnread], [1, conversation.items[3]]);
  });

  test("condenses who came and went", async (t) => {
    const { conversation, join, last, clock } = open(t);
    join();
    const [carla, davi] = [
      { id: "mc", name: "carla" },
      { id: "md", name: "davi" },
    ];
    for (const member of [carla, davi]) last().say({ type: "join", member });
    await settle();
    const [line] = conversation.items;
    assert.ok(line?.kind === "presence" && conversation.items.length === 1);
    assert.deepEqual([...line.joined.values()], ["carla", "davi"]);
    for (const member of [carla, davi]) last().say({ type: "leave", member });
    await settle();
    assert.deepEqual(conversation.items, [], "who came and went is not worth a line");
    last().say({ type: "leave", member: beto });
    last().say(message(11, 10));
    last().say({ type: "join", member: beto });
    await settle();
    clock.pass(11 * 60_000);
    last().say({ type: "leave", member: carla });
    await settle();
    assert.deepEqual(conversation.items.map(words), ["presence", "text 11", "presence", "presence"]);
  });

  test("knows who is typing, and that it is not oneself", async (t) => {
    const { conversation, join, last } = open(t);
    join();
    const typing = { event: "typing", json: null, ephemeral: true, seq: undefined, prev: undefined, text: undefined };
    for (const from of [ana, beto]) last().say(message(0, 0, { ...typing, from }));
    last().say(message(0, 0, { ...typing, event: "cursor", from: beto }));
    await settle();
    assert.deepEqual(
      [...conversation.typing.values()].map(({ name }) => name),
      ["beto"],
    );
    assert.deepEqual(conversation.items, []);
    last().say(message(11, 10));
    await settle();
    assert.equal(conversation.typing.size, 0, "the message has come");
  });

  test("says what is missing, and gets it", async (t) => {
    const { conversation, join, last } = open(t);
    join();
    const gap = { type: "gap", reason: "slow", from: 11, to: 14, missed: 3, position: "e.14" };
    last().say(gap);
    last().say(message(15, 14));
    await settle();
    assert.deepEqual(conversation.items.map(words), ["gap", "text 15"]);
    const item = conversation.gap;
    assert.ok(item);
    const filled = conversation.fill(item);
    const ask = last().frames.at(-1);
    assert.deepEqual([ask.type, ask.before], ["history", "e.15"]);
    const messages = [message(9, 8), message(11, 10), message(12, 11), message(14, 12)];
    last().say({ type: "history", id: ask.id, messages, more: true });
    await filled;
    assert.deepEqual(conversation.items.map(words), ["text 11", "text 12", "text 14", "text 15"]);
    assert.equal(conversation.gap, null);
  });

  test("gets what was said before", async (t) => {
    const { conversation, join, last } = open(t);
    join();
    last().say({ type: "history", messages: [message(10, 9)], more: true });
    await settle();
    const older = conversation.older();
    const ask = last().frames.at(-1);
    assert.deepEqual([ask.type, ask.before], ["history", "e.10"]);
    last().say({ type: "history", id: ask.id, messages: [message(8, 7), message(9, 8)], more: false });
    assert.equal(await older, 2);
    assert.deepEqual(conversation.items.map(words), ["text 8", "text 9", "text 10"]);
    assert.equal(conversation.more, false);
  });

  test("stays bounded", async (t) => {
    const { conversation, join, last } = open(t);
    join();
    for (let seq = 11; seq <= 12 + MAX_ITEMS; seq++) last().say(message(seq, seq - 1));
    await settle();
    assert.deepEqual(
      [conversation.items.length, conversation.items[0]].map((x) => (typeof x === "number" ? x : x && words(x))),
      [MAX_ITEMS, "text 13"],
    );
    const giant = "x".repeat(5 * 1024 * 1024);
    for (const seq of [1, 2]) last().say(message(12 + MAX_ITEMS + seq, 11 + MAX_ITEMS + seq, { text: giant }));
    await settle();
    assert.equal(conversation.items.length, 1);
    const line = presence(0);
    for (let i = 0; i < 1000; i++) note(line, "join", { id: `m${i}`, name: "x" });
    assert.deepEqual([line.joined.size, line.more], [MAX_NAMES, 1000 - MAX_NAMES]);
  });

  test("survives clocks that are wrong", () => {
    /** @param {number} at @param {string} name @returns {Item} */
    const at = (at, name) => ({ kind: "message", at, from: { id: name, name }, own: false, content: { text: "x" } });
    assert.equal(continues(at(60_000, "a"), at(0, "a")), true);
    assert.equal(continues(at(60_000, "b"), at(0, "a")), false);
    assert.equal(continues(at(0, "a"), at(600_000, "a")), false, "it comes from the future");
  });

  test("is told in one state", () => {
    const at = (/** @type {string} */ state, limitedUntil = 0, gap = null) => ({
      status: { state },
      limitedUntil,
      gap,
    });
    assert.equal(stateOf(at("connected"), true, 5000), "connected");
    assert.equal(stateOf(at("connected", 1000), true, 999), "limited");
    assert.equal(stateOf(at("connected", 1000), true, 1400), "limited", "the server may be about to say it again");
    assert.equal(stateOf(at("connected", 1000), true, 1500), "connected");
    assert.equal(stateOf(at("connected", 1, /** @type {any} */ ({})), true, 5000), "behind");
    assert.equal(stateOf(at("draining", 2, /** @type {any} */ ({})), true, 1), "draining");
    assert.equal(stateOf(at("reconnecting"), false, 1), "offline");
    assert.equal(stateOf(at("offline"), true, 1), "reconnecting", "the server is on this computer");
    assert.equal(stateOf(at("connecting"), false, 1), "connecting");
  });
});
