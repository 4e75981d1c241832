// @ts-check
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isLoopback, roomName, roomURL, wantedRoom } from "../../page/assets/room.js";
import { Store } from "../../page/assets/store.js";
import { clock, dayOf } from "../../page/assets/times.js";

describe("room", () => {
  test("is the last segment of the page's path", () => {
    assert.equal(roomName("/"), "lobby");
    assert.equal(roomName("/ops"), "ops");
    assert.equal(roomName("/behind/a/proxy/ops"), "ops");
    assert.equal(roomName("/caf%C3%A9"), "café");
    assert.equal(roomName("/cafe%CC%81"), "café");
    assert.equal(roomName("/%E0%A4"), "%E0%A4");
  });

  test("has its address beside that of any other", () => {
    assert.equal(roomURL("ops", "http://localhost:8000/lobby?x=1#token=s"), "http://localhost:8000/ops");
    assert.equal(roomURL("lobby", "https://x.example/behind/a/proxy/ops"), "https://x.example/behind/a/proxy/");
    assert.equal(roomURL("a:b@c,d;e=f", "http://h/"), "http://h/a:b@c,d;e=f");
    for (const room of ["ops", "café", "a:b@c,d;e=f!~.-_", "..a", "日本"]) {
      assert.equal(roomName(new URL(roomURL(room, "http://h/p/x")).pathname), room);
    }
  });

  test("is what people may call one", () => {
    assert.equal(wantedRoom(" #ops "), "ops");
    assert.equal(wantedRoom("cafe\u0301"), "café");
    for (const bad of [
      "",
      "#",
      "a b",
      "a/b",
      ".a",
      "v1",
      "assets",
      "a?b",
      "a#b",
      "x".repeat(129),
      "é".repeat(65),
      "%2f",
    ]) {
      assert.equal(wantedRoom(bad), "", bad);
    }
  });

  test("knows addresses that nobody else can reach", () => {
    for (const name of ["localhost", "a.localhost", "127.0.0.1", "127.8.8.8", "[::1]"]) {
      assert.equal(isLoopback(name), true, name);
    }
    for (const name of ["192.168.0.12", "localhost.example", "128.0.0.1", "chat.lan"]) {
      assert.equal(isLoopback(name), false, name);
    }
  });
});

describe("store", () => {
  /** @param {Partial<Storage>} storage */
  const opened = (storage) => new Store(() => /** @type {Storage} */ (storage));

  test("keeps values in the browser", () => {
    const kept = new Map();
    const storage = {
      getItem: (/** @type {string} */ name) => kept.get(name) ?? null,
      setItem: (/** @type {string} */ name, /** @type {string} */ value) => kept.set(name, value),
      removeItem: (/** @type {string} */ name) => kept.delete(name),
    };
    opened(/** @type {any} */ (storage)).set("theme", "dark");
    assert.equal(opened(/** @type {any} */ (storage)).get("theme"), "dark");
    opened(/** @type {any} */ (storage)).set("theme", "");
    assert.equal(kept.size, 0);
  });

  test("remembers by itself where the browser forbids that", () => {
    const forbidden = new Store(() => {
      throw new Error("SecurityError");
    });
    assert.equal(forbidden.get("theme"), "");
    forbidden.set("theme", "dark");
    assert.equal(forbidden.get("theme"), "dark");
  });

  test("remembers by itself when the browser's place is full", () => {
    const full = opened({
      getItem: () => "old",
      setItem: () => {
        throw new Error("QuotaExceededError");
      },
    });
    full.set("draft:ops", "new");
    assert.equal(full.get("draft:ops"), "new");
  });
});

describe("times", () => {
  test("are of the day, with two digits each", () => {
    const time = new Date(2025, 0, 2, 3, 4);
    assert.equal(clock(time, "en"), "03:04");
    assert.equal(clock(new Date(2025, 0, 2, 0, 4), "pt-BR"), "00:04");
    assert.equal(dayOf(time), "2025-01-02");
  });
});
