// @ts-check
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { COMMANDS, nameOf, parse } from "../../page/assets/commands.js";
import { render } from "../../page/assets/exporter.js";
import { pieces } from "../../page/assets/markup.js";
import { curl } from "../../page/assets/share.js";
import { matching } from "../../page/assets/switcher.js";

describe("commands", () => {
  test("are known in both languages", () => {
    assert.deepEqual(parse("/nick ana maria "), { command: "nick", rest: "ana maria" });
    assert.deepEqual(parse("/ENTRAR ops"), { command: "join", rest: "ops" });
    assert.deepEqual(parse("/histórico"), { command: "history", rest: "" });
    assert.deepEqual(parse("/me um\ndois"), { command: "me", rest: "um\ndois" });
    for (const command of /** @type {(keyof typeof COMMANDS)[]} */ (Object.keys(COMMANDS))) {
      for (const language of ["en", "pt-BR"]) assert.deepEqual(parse(nameOf(command, language)), { command, rest: "" });
    }
  });

  test("leave texts alone", () => {
    assert.deepEqual(parse("a /nick b"), { text: "a /nick b" });
    assert.deepEqual(parse("//etc/hosts"), { text: "/etc/hosts" });
    assert.deepEqual(parse(" /nick"), { text: " /nick" });
    assert.deepEqual(parse("/etc/hosts"), { unknown: "/etc/hosts" });
    assert.deepEqual(parse("/"), { unknown: "/" });
    assert.deepEqual(parse("/constructor"), { unknown: "/constructor" });
  });
});

describe("markup", () => {
  test("is code and links, nothing else", () => {
    assert.deepEqual(pieces("a `b c` d"), [{ text: "a " }, { text: "b c", code: "inline" }, { text: " d" }]);
    assert.deepEqual(pieces("x\n```js\nlet `y`;\n```\nz"), [
      { text: "x\n" },
      { text: "let `y`;", code: "fence", info: "js" },
      { text: "z" },
    ]);
    assert.deepEqual(pieces("`https://exemplo.com` https://exemplo.com"), [
      { text: "https://exemplo.com", code: "inline" },
      { text: " " },
      { text: "https://exemplo.com", href: "https://exemplo.com/" },
    ]);
    for (const text of [
      "**a** _b_ <b>c</b> # d",
      "a ` b",
      "``",
      "` `",
      "`a\nb`",
      "a ```\nb```",
      "```hide this\nx\n```",
      "```\nx\n``` and this",
    ]) {
      assert.equal(
        pieces(text)
          .map((piece) => piece.text)
          .join(""),
        text,
      );
      assert.ok(
        pieces(text).every(({ code }) => code === undefined),
        text,
      );
    }
  });

  test("takes no longer with what was made to slow it down", () => {
    const started = performance.now();
    for (const text of [..."`a\n"]
      .map((sign) => `\`${sign.repeat(240_000)}`)
      .concat("`a".repeat(120_000), "```\n".repeat(60_000), "\n```x".repeat(48_000)))
      pieces(text);
    assert.ok(performance.now() - started < 10_000, "to look at each sign once for each other would take minutes");
  });
});

describe("an export", () => {
  const at = Date.UTC(2026, 10, 22, 12, 0, 7);
  /** @type {import("../../page/assets/items.js").Said[]} */
  const items = [
    { kind: "message", at, from: { id: "m1", name: "be*to\u202e" }, own: false, content: { text: "um\n```\ndois" } },
    { kind: "message", at, from: { name: "ana" }, own: true, content: { text: "acena", event: "me" }, position: "e.2" },
    { kind: "message", at, from: { name: "bot" }, own: false, content: { bytes: new Uint8Array([222, 173]) } },
    { kind: "message", at, from: { name: "bot" }, own: false, content: { json: { ok: true } } },
  ];
  const talk = { room: "ops", address: "http://h/ops", items };

  test("is text that reads like the room", () => {
    const text = render(talk, "txt").replace(/\[[^\]]+\]/g, "[…]");
    assert.equal(
      text,
      '#ops · http://h/ops\n\n[…] be*to‹202E›: um\n    ```\n    dois\n[…] * ana acena\n[…] bot: (2 bytes)\n[…] bot: {\n     "ok": true\n    }\n',
    );
  });

  test("is Markdown in which texts are no markup", () => {
    const text = render(talk, "md");
    assert.match(text, /\*\*be\\\*to‹202E›\*\*/);
    assert.match(text, /\n````\num\n```\ndois\n````\n/);
  });

  test("is JSON with everything in it", () => {
    const { room, messages } = JSON.parse(render(talk, "json"));
    assert.equal(room, "ops");
    assert.deepEqual(messages[1], {
      ...{ time: "2026-11-22T12:00:07.000Z", from: { name: "ana" }, own: true, position: "e.2" },
      ...{ text: "acena", event: "me" },
    });
    assert.deepEqual([messages[2].base64, messages[3].json], ["3q0=", { ok: true }]);
  });
});

test("the switcher finds rooms", () => {
  const rooms = ["lobby", "ops", "devops", "avisos"].map((name) => ({ name, unread: name === "avisos" ? 3 : 0 }));
  const names = (/** @type {string} */ typed) => matching(rooms, typed).map(({ name }) => name);
  assert.deepEqual(names("#OP"), ["ops", "devops"]);
  assert.deepEqual(names(""), ["avisos", "devops", "lobby", "ops"]);
  assert.deepEqual(names("x"), []);
});

test("a curl command is one argument each, whatever the room is called", () => {
  assert.equal(curl("http://h/it's", "Olá!"), "curl -d 'Olá!' 'http://h/it%27s'");
});
