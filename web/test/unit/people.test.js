// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { COLOURS, colourOf, initial, namesakes, visibleName } from "../../page/assets/names.js";

const css = ["page", "people"]
  .map((name) => readFileSync(new URL(`../../page/assets/${name}.css`, import.meta.url), "utf8"))
  .join();

describe("names", () => {
  test("show what would hide or turn them", () => {
    for (const [name, want] of [
      ["ana", "ana"],
      ["ana\u200b", "ana‹200B›"],
      ["\u202eana", "‹202E›ana"],
      ["a\u2066b\u2069", "a‹2066›b‹2069›"],
      ["a\u0000\u001b[31m", "a‹0000›‹001B›[31m"],
      ["\u3164", "‹3164›"],
      ["a\u00adb", "a‹00AD›b"],
      ["a\u{e0041}", "a‹E0041›"],
      ["", "‹ ›"],
      ["  ", "‹ ›"],
      ["👩‍👩‍👧‍👦 família", "👩‍👩‍👧‍👦 família"],
      ["❤️‍🔥", "❤️‍🔥"],
      ["a\u200db", "a‹200D›b"],
      ["\ue000", "‹E000›"],
      ["مريم", "مريم"],
      [`z${"\u0301".repeat(50)}`, `z${"\u0301".repeat(4)}`],
    ]) {
      assert.equal(visibleName(name ?? ""), want);
      assert.equal(visibleName(want ?? ""), want, "once is enough");
    }
  });

  test("have one colour each, whoever asks", () => {
    const colours = Array.from({ length: 1000 }, (_, i) => colourOf(`person ${i}`));
    assert.deepEqual(
      [...new Set(colours)].sort((a, b) => a - b),
      Array.from({ length: COLOURS }, (_, i) => i),
    );
    assert.equal(colourOf("Ana"), colourOf("ana"));
    assert.equal(colourOf("cafe\u0301"), colourOf("café"));
  });

  test("have a sign, and are told apart", () => {
    assert.equal(initial("ana"), "A");
    assert.equal(initial("👩‍👩‍👧‍👦 x"), "👩‍👩‍👧‍👦");
    assert.equal(initial("\u202ex"), "‹");
    const people = [
      { id: "m1", name: "ana" },
      { id: "m2", name: "Ana" },
      { id: "m3", name: "beto" },
    ];
    assert.deepEqual([...namesakes(people)].sort(), ["m1", "m2"]);
  });
});

describe("the colours of people", () => {
  /** @param {string} colour such as #0b6e5f */
  function luminance(colour) {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
      const part = Number.parseInt(colour.slice(i, i + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  /** @param {string} name @param {number} i of light-dark */
  const colours = (name, i) =>
    [...css.matchAll(new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`, "g"))].map(
      (found) => found[i + 1] ?? "",
    );

  for (const [i, theme] of ["light", "dark"].entries()) {
    test(`can be read in the ${theme} theme`, () => {
      const people = colours("person", i);
      assert.equal(people.length, COLOURS);
      for (const ground of ["bg", "surface", "other", "side-bg"]) {
        const [under = ""] = colours(ground, i);
        for (const colour of people) {
          const [low = 0, high = 0] = [luminance(colour), luminance(under)].sort((a, b) => a - b);
          const contrast = (high + 0.05) / (low + 0.05);
          assert.ok(contrast >= 4.5, `${colour} on --${ground} ${under}: ${contrast.toFixed(2)}`);
        }
      }
    });
  }
});
