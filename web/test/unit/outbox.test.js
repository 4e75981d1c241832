// @ts-check
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DOUBT_CLEAN_MS, DOUBT_MS, MAX_AGE_MS, MAX_WAITING, Outbox } from "../../page/assets/outbox.js";
import { Clock } from "../support/clock.js";

/** An outbox and a connection that takes everything until it is told not to. */
function setUp() {
  const clock = new Clock();
  /** @type {string[]} */
  const marks = [];
  const outbox = new Outbox((entry) => marks.push(`${entry.text.slice(0, 8)} ${entry.mark}`), clock.now);
  const channel = {
    buffered: 0,
    open: true,
    /** @type {string[]} */
    sent: [],
    /** @param {string} text */
    send(text) {
      if (this.open) this.sent.push(text);
      return this.open;
    },
  };
  return { clock, outbox, channel, marks };
}

const broken = { code: 1006, clean: false, buffered: 0 };

describe("outbox", () => {
  test("keeps what is written without a connection and sends it once, in order", () => {
    const { outbox, channel, marks } = setUp();
    outbox.add("a");
    outbox.add("b");
    assert.equal(outbox.size, 2);
    assert.equal(outbox.connected(channel), 2);
    outbox.add("c");
    assert.deepEqual(channel.sent, ["a", "b", "c"]);
    assert.deepEqual(marks, ["a sent", "b sent", "c sent"]);
    assert.equal(outbox.size, 0);
  });

  test("takes no more than it promises to keep", () => {
    const { outbox, channel } = setUp();
    for (let i = 0; i < MAX_WAITING; i++) assert.ok(outbox.add(`${i}`));
    assert.equal(outbox.add("one more"), null);
    outbox.connected(channel);
    assert.ok(outbox.add("one more"));
    assert.equal(channel.sent.length, MAX_WAITING + 1);
  });

  test("gives up what has waited too long, also at the moment of sending", () => {
    const { outbox, channel, clock, marks } = setUp();
    outbox.add("old");
    clock.pass(MAX_AGE_MS / 2);
    outbox.add("young");
    clock.pass(MAX_AGE_MS / 2);
    outbox.expire();
    assert.deepEqual(marks, []);
    clock.pass(1);
    outbox.connected(channel);
    assert.deepEqual(marks, ["old expired", "young sent"]);
    assert.deepEqual(channel.sent, ["young"]);
  });

  test("stops at a connection that is closing", () => {
    const { outbox, channel } = setUp();
    outbox.connected(channel);
    channel.open = false;
    outbox.add("late");
    assert.equal(outbox.size, 1);
    outbox.disconnected(broken);
    channel.open = true;
    assert.equal(outbox.connected(channel), 1);
  });

  test("sends again what never left, before what was written since", () => {
    const { outbox, channel, clock, marks } = setUp();
    outbox.connected(channel);
    outbox.add("12345");
    clock.pass(DOUBT_MS + 1);
    outbox.add("çé"); // four bytes
    outbox.add("67");
    outbox.disconnected({ ...broken, buffered: 3 }); // one byte of the second has left
    outbox.add("new");
    assert.deepEqual(marks.slice(3), ["çé waiting", "67 waiting"]);
    channel.sent.length = 0;
    assert.equal(outbox.connected(channel), 3);
    assert.deepEqual(channel.sent, ["çé", "67", "new"]);
  });

  test("says where a break leaves doubt, and never resends that by itself", () => {
    const { outbox, channel, clock, marks } = setUp();
    outbox.connected(channel);
    outbox.add("long ago");
    clock.pass(DOUBT_MS + 1);
    outbox.add("just now");
    outbox.disconnected(broken);
    assert.deepEqual(marks.slice(2), ["just now unsure"]);
    assert.equal(outbox.connected(channel), 0);
  });

  test("has little doubt after a proper end, and none before a sign of life", () => {
    const { outbox, channel, clock, marks } = setUp();
    outbox.connected(channel);
    outbox.add("before");
    clock.pass(DOUBT_CLEAN_MS + 1);
    outbox.add("at end");
    outbox.disconnected({ code: 1001, clean: true, buffered: 0 });
    assert.deepEqual(marks.slice(2), ["at end unsure"]);
    outbox.connected(channel);
    outbox.add("heard");
    clock.pass(1);
    outbox.heard();
    outbox.disconnected(broken);
    assert.deepEqual(marks.slice(3), ["heard sent"]);
  });

  test("a message over the limit is the only one lost", () => {
    const { outbox, channel, marks } = setUp();
    outbox.connected(channel);
    outbox.add("first");
    outbox.add("x".repeat(2000));
    outbox.add("behind");
    assert.equal(outbox.fits(2000), true);
    outbox.disconnected({ code: 1009, clean: true, buffered: 0 });
    assert.deepEqual(marks.slice(3), ["xxxxxxxx too_big", "behind waiting"]);
    assert.equal(outbox.fits(2000), false);
    assert.equal(outbox.fits(1999), true);
    assert.equal(outbox.connected(channel), 1);
  });

  test("among several big ones it is a guess which was over the limit", () => {
    const { outbox, channel, marks } = setUp();
    outbox.connected(channel);
    outbox.add("y".repeat(2000));
    outbox.add("between");
    outbox.add("x".repeat(3000));
    outbox.add("behind");
    outbox.disconnected({ code: 1009, clean: true, buffered: 0 });
    assert.deepEqual(marks.slice(4), ["yyyyyyyy unsure", "between unsure", "xxxxxxxx too_big", "behind waiting"]);
  });

  test("discards one or all that wait", () => {
    const { outbox, channel, marks } = setUp();
    const first = outbox.add("first");
    outbox.add("second");
    outbox.add("third");
    assert.ok(first);
    outbox.discard(first);
    assert.equal(outbox.size, 2);
    outbox.discardAll();
    assert.deepEqual(marks, ["first discarded", "second discarded", "third discarded"]);
    assert.equal(outbox.connected(channel), 0);
  });
});
