// @ts-check
// docs/recado.v1.asyncapi.yaml is valid, and says what docs/protocol.md says.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { Parser } from "@asyncapi/parser";
import { Ajv } from "ajv";

/** @typedef {"client" | "server"} Sender */

/**
 * @typedef {object} Frame what the description says of one
 * @property {any} schema
 * @property {any[]} examples
 * @property {import("ajv").ValidateFunction} valid
 */

/** @param {string} name from the root of the tree */
const read = (name) => readFile(new URL(`../../../${name}`, import.meta.url), "utf8");

// The vectors that a schema cannot judge: two numbers compared, a number written in another way, and a rename that
// the decoder reads and the server refuses.
const BEYOND_SCHEMAS = [
  "message, prev is not before seq",
  "hello, history with an exponent",
  "rename to nothing, which the server refuses",
];

/** @type {Record<string, Sender>} */
const CHAPTERS = { "What a client sends": "client", "What the server sends": "server" };

/** @type {Map<string, Frame>} by sender and type */
const frames = new Map();
/** @type {Map<string, string>} the section of each frame in the text, by sender and type */
const sections = new Map();
/** @type {string} */
let text;
/** @type {any[]} */
let diagnostics;

before(async () => {
  const parsed = await new Parser().parse(await read("docs/recado.v1.asyncapi.yaml"));
  diagnostics = parsed.diagnostics;
  const ajv = new Ajv({ strictTypes: false });
  ajv.addKeyword("x-parser-schema-id");
  for (const operation of parsed.document?.operations() ?? []) {
    for (const message of operation.messages()) {
      const schema = message.payload()?.json();
      const type = /** @type {any} */ (schema).properties.type.const;
      frames.set(`${operation.isReceive() ? "client" : "server"} ${type}`, {
        schema,
        examples: message.examples().map((example) => example.payload()),
        valid: ajv.compile(/** @type {any} */ (schema)),
      });
    }
  }

  text = await read("docs/protocol.md");
  for (const chapter of text.split(/^## /m)) {
    const sender = CHAPTERS[chapter.slice(0, chapter.indexOf("\n"))];
    if (!sender) continue;
    for (const section of chapter.split(/^### /m).slice(1)) {
      for (const [, type] of section.slice(0, section.indexOf("\n")).matchAll(/`(\w+)`/g)) {
        sections.set(`${sender} ${type}`, section);
      }
    }
  }
});

/**
 * Why the frame is not what the description says, or "".
 * @param {Sender} sender
 * @param {any} frame
 */
function wrong(sender, frame) {
  const described = frames.get(`${sender} ${frame.type}`);
  if (!described) return `no frame of the ${sender} has the type ${frame.type}`;
  return described.valid(frame) ? "" : JSON.stringify(described.valid.errors);
}

/**
 * @param {Sender} sender
 * @param {string} name of the vector
 * @param {string} line
 * @param {boolean} right
 */
function judge(sender, name, line, right) {
  let why;
  try {
    why = wrong(sender, JSON.parse(line));
  } catch (error) {
    why = String(error);
  }
  assert.equal(!why, right !== BEYOND_SCHEMAS.includes(name), `${name}: ${why}`);
}

describe("the description of recado.v1", () => {
  test("is valid, and nothing in it is advised against", () => {
    assert.deepEqual(diagnostics, []);
  });

  test("has the frames of the text", () => {
    assert.deepEqual([...frames.keys()].sort(), [...sections.keys()].sort());
    assert.equal(frames.size, 18);
  });

  test("has the fields of the text", () => {
    for (const [name, { schema }] of frames) {
      const section = sections.get(name) ?? "";
      const fields = Object.keys({ ...schema.properties, ...schema.allOf?.[0].properties });
      for (const field of fields) {
        if (field !== "type") assert.match(section, new RegExp(`\`${field}\``), `${name}: no word of ${field}`);
      }
      for (const [, cell] of section.matchAll(/^\| (`[^|]*) \|/gm)) {
        for (const [, field] of cell?.matchAll(/`(\w+)`/g) ?? []) {
          assert.ok(fields.includes(field ?? ""), `${name}: ${field} is only in the text`);
        }
      }
    }
  });

  test("has the error codes of the text", () => {
    const table = text.slice(text.indexOf("\n## Error codes"), text.indexOf("\n## Close codes"));
    const codes = [...table.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
    assert.deepEqual(codes, frames.get("server error")?.schema.properties.code.examples);
  });

  test("fits its own examples", () => {
    for (const [name, { examples }] of frames) {
      assert.notEqual(examples.length, 0, `${name} has no example`);
      const sender = /** @type {Sender} */ (name.split(" ")[0]);
      for (const example of examples) assert.equal(wrong(sender, example), "", JSON.stringify(example));
    }
  });

  test("fits the examples of the text", () => {
    for (const [name, section] of sections) {
      const sender = /** @type {Sender} */ (name.split(" ")[0]);
      const lines = [...section.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line));
      const own = lines.filter((frame) => `${sender} ${frame.type}` === name);
      assert.notEqual(own.length, 0, `${name} has no example`);
      for (const frame of own) assert.equal(wrong(sender, frame), "", JSON.stringify(frame));
    }
  });

  test("fits the dialogue of the text, but for the frame that is wrong on purpose", () => {
    const turns = [...text.replace(/\n {3}(?=\S)/g, "").matchAll(/^([<>]) (\{.*\})$/gm)];
    const mistakes = turns.filter(([, from, line]) =>
      wrong(from === ">" ? "client" : "server", JSON.parse(line ?? "")),
    );
    assert.equal(turns.length, 13);
    assert.deepEqual(
      mistakes.map(([, , line]) => line),
      ['{"type":"shout"}'],
    );
  });

  test("fits what clients may send, and refuses the rest", async () => {
    const { cases } = JSON.parse(await read("testdata/protocol/commands.json"));
    for (const { name, frame, error } of cases) judge("client", name, frame, !error);
  });

  test("fits what the server sends, and refuses the rest", async () => {
    const { cases } = JSON.parse(await read("testdata/protocol/events.json"));
    for (const { name, frame, exact, ignored, invalid } of cases) {
      if (exact || ignored || invalid) judge("server", name, frame, !!exact); // no schema is as lenient as a client
    }
  });

  test("refuses what the text refuses", () => {
    /** @type {[Sender, object][]} */
    const refused = [
      ["client", { type: "publish" }],
      ["client", { type: "publish", text: "a", json: 1 }],
      ["client", { type: "publish", text: 1 }],
      ["client", { type: "publish", text: "a", id: "a b" }],
      ["client", { type: "publish", text: "a", id: "x".repeat(65) }],
      ["client", { type: "publish", text: "a", event: "ação" }],
      ["client", { type: "publish", base64: "3q2-7w==" }],
      ["client", { type: "publish", base64: "3q2+7w" }],
      ["client", { type: "hello", history: -1 }],
      ["client", { type: "hello", session: "short" }],
      ["client", { type: "hello", since: "41" }],
      ["client", { type: "rename" }],
      ["server", { type: "ack", id: "c17", seq: 1 }],
      ["server", { type: "gap", reason: "epoch", position: "p07a.0", from: 1, to: 2 }],
      ["server", { type: "gap", reason: "slow", position: "k3f9.2" }],
      ["server", { type: "error", code: "rate_limited", message: "slower" }],
      ["server", { type: "message", time: "2026-11-22T12:00:00.123Z", from: { name: "ana" }, text: "no seq" }],
    ];
    for (const [sender, frame] of refused) assert.notEqual(wrong(sender, frame), "", JSON.stringify(frame));
  });
});
