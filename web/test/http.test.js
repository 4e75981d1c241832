// @ts-check
// docs/openapi.yaml is valid, and the server answers as it says; EventSource in a real browser does, too.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { launch } from "./support/browser.js";
import { endAll } from "./support/cleanup.js";
import { nodeClient } from "./support/clients.js";
import { startServer } from "./support/server.js";

const DESCRIPTION = new URL("../../docs/openapi.yaml", import.meta.url);
const TEXT = new URL("../../docs/http.md", import.meta.url);

describe("over HTTP", () => {
  /** @type {import("./support/server.js").Server} */
  let server;
  /** @type {any} */
  let description;
  const ajv = new Ajv2020({ strict: false });
  before(async () => {
    server = await startServer();
    const validator = new Validator();
    const checked = await validator.validate(DESCRIPTION.pathname);
    assert.deepEqual(checked, { valid: true });
    description = validator.specification;
    ajv.addSchema(description, "openapi");
  });
  after(endAll);

  /**
   * Makes the request and holds the answer against the description of the operation.
   * @param {string} operation as in the description: the path and the method
   * @param {string} target
   * @param {RequestInit} [init]
   */
  async function ask(operation, target, init) {
    const [path = "", method = ""] = operation.split(" ");
    const response = await fetch(server.page(target), init);
    const text = await response.text();
    const { responses } = description.paths[path][method];
    const slot = responses[response.status] ? String(response.status) : "default";
    const pointer = `openapi#/paths/${path.replaceAll("~", "~0").replaceAll("/", "~1")}/${method}/responses/${slot}`;
    const named = responses[slot].$ref ? `openapi${responses[slot].$ref}` : pointer;
    const schema = ajv.getSchema(`${named}/content/application~1json/schema`);
    assert.ok(schema, `the description has no JSON answer for ${operation} ${slot}`);
    const answer = JSON.parse(text);
    assert.ok(schema(answer), `${operation}: ${ajv.errorsText(schema.errors)} in ${text}`);
    return answer;
  }

  test("the server answers as it is described", async () => {
    const node = await nodeClient(server.socket("ops"));
    const first = await ask("/{room} post", "ops?name=ci", { method: "POST", body: "deploy done" });
    assert.equal(first.receivers, 1);
    await node.inbox.have(1);
    await ask("/{room} put", "ops", { method: "PUT", body: "x" });
    const body = JSON.stringify({ a: 1 });
    const headers = { "Content-Type": "application/json", "Idempotency-Key": "one" };
    await ask("/{room} post", "ops", { method: "POST", body, headers });
    assert.equal((await ask("/{room} post", "ops", { method: "POST", body, headers })).duplicate, true);
    for (const [operation, target] of /** @type {[string, string][]} */ ([
      ["/v1/info get", "v1/info"],
      ["/v1/check get", "v1/check?room=ops"],
      ["/v1/check get", "v1/check?room=a*b"],
      ["/v1/rooms get", "v1/rooms"],
      ["/v1/rooms get", "v1/rooms?limit=0"],
      ["/v1/rooms/{room} get", "v1/rooms/ops"],
      ["/v1/rooms/{room}/members get", "v1/rooms/ops/members"],
      ["/v1/rooms/{room}/messages get", "v1/rooms/ops/messages?limit=2"],
      ["/v1/rooms/{room}/messages get", `v1/rooms/ops/messages?after=${first.position}`],
      ["/healthz get", "healthz"],
      ["/readyz get", "readyz"],
    ])) {
      await ask(operation, target);
    }
    const lines = await (
      await fetch(server.page("ops?poll=1"), { headers: { Accept: "application/x-ndjson" } })
    ).text();
    const line = ajv.getSchema("openapi#/components/schemas/line");
    for (const object of lines.trim().split("\n")) assert.ok(line?.(JSON.parse(object)), object);
    assert.equal(lines.trim().split("\n").length, 3);
    await node.leave();
  });

  test("every path of the description is in the text", async () => {
    const text = await readFile(TEXT, "utf8");
    for (const path of Object.keys(description.paths)) {
      if (path !== "/{room}") assert.ok(text.includes(path.replace("{room}", "ops")), `docs/http.md has no ${path}`);
    }
  });

  test("EventSource hears the room, and goes on where it was after a restart", async () => {
    const browser = await launch();
    const page = await browser.newPage();
    await page.goto(server.page("v1/info"));
    await page.evaluate((url) => {
      const heard = /** @type {string[]} */ ([]);
      Object.assign(window, { heard });
      const events = new EventSource(url);
      events.onmessage = (event) => heard.push(JSON.parse(event.data).text);
      events.addEventListener("gap", () => heard.push("gap"));
      return new Promise((resolve) => {
        events.onopen = resolve;
      });
    }, server.page("events"));
    /** @param {string} text */
    const say = (text) => fetch(server.page("events"), { method: "POST", body: text });
    /** @param {string[]} want */
    const heard = (want) =>
      page.waitForFunction((wanted) => JSON.stringify(Reflect.get(window, "heard")) === wanted, JSON.stringify(want));
    await say("one");
    await say("two");
    await heard(["one", "two"]);
    await server.stop();
    server = await startServer({ port: server.port });
    await say("three");
    await heard(["one", "two", "gap", "three"]); // a new server without --state: what was before is unknown to it
    await page.close();
  });
});
