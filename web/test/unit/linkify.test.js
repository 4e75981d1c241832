// @ts-check
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { linkify } from "../../page/assets/linkify.js";

/** @param {string} text */
const links = (text) =>
  linkify(text)
    .filter((piece) => piece.href)
    .map((piece) => piece.text);

describe("linkify", () => {
  test("finds links", () => {
    for (const [text, want] of /** @type {[string, string[]][]} */ ([
      ["veja https://exemplo.com/doc, por favor", ["https://exemplo.com/doc"]],
      ["http://localhost:8000/ops.", ["http://localhost:8000/ops"]],
      ["(https://pt.wikipedia.org/wiki/Recado_(jornal))", ["https://pt.wikipedia.org/wiki/Recado_(jornal)"]],
      ["<https://exemplo.com>", ["https://exemplo.com"]],
      ['"https://exemplo.com"', ["https://exemplo.com"]],
      ["HTTPS://EXEMPLO.COM", ["HTTPS://EXEMPLO.COM"]],
      ["mailto:ana@exemplo.com!", ["mailto:ana@exemplo.com"]],
      ["https://a.example e https://b.example", ["https://a.example", "https://b.example"]],
      ["https://exemplo.com/ação?x=1&y=2#z", ["https://exemplo.com/ação?x=1&y=2#z"]],
      ["https://exemplo.com\u202egnp.exe", ["https://exemplo.com"]],
      ["http://[::1]:8000/x", ["http://[::1]:8000/x"]],
    ])) {
      assert.deepEqual(links(text), want, text);
    }
  });

  test("leaves everything else alone", () => {
    for (const text of [
      "javascript:alert(1)",
      "JaVaScRiPt:alert(1)",
      "data:text/html,<script>alert(1)</script>",
      "vbscript:x",
      "file:///etc/passwd",
      "xhttp://exemplo.com",
      "éhttp://exemplo.com",
      "http://",
      "https://?",
      "mailto:",
      "mailto:ninguém",
      "exemplo.com",
      "ws://exemplo.com",
      `https://exemplo.com/${"x".repeat(3000)}`,
    ]) {
      assert.deepEqual(links(text), [], text);
    }
  });

  test("loses no character", () => {
    const alphabet = ["http://", "https://a.b", "mailto:a@b", "(", ")", ".", " ", "\n", "é", "\u202e", "<", "👍", "x"];
    let seed = 7;
    const draw = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return alphabet[seed % alphabet.length];
    };
    for (let i = 0; i < 500; i++) {
      const text = Array.from({ length: i % 12 }, draw).join("");
      const pieces = linkify(text);
      assert.equal(pieces.map((piece) => piece.text).join(""), text);
      for (const { href } of pieces) assert.ok(!href || /^(https?|mailto):/.test(href), href);
    }
  });

  test("is quick with hostile text", { timeout: 5000 }, () => {
    for (const text of [
      ")".repeat(1e6),
      `http://a${")".repeat(1e6)}`,
      "http://a) ".repeat(1e5),
      "http:// ".repeat(1e5),
      "mailto:".repeat(1e5),
    ]) {
      assert.ok(links(text).length <= 100);
    }
  });
});
