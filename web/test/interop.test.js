// @ts-check
// Clients of other makers and the page in one room, also over a restart of the server.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "./support/browser.js";
import { endAll } from "./support/cleanup.js";
import {
  curlClient,
  eventSourceClient,
  nodeClient,
  pythonClient,
  requestsClient,
  v1Client,
} from "./support/clients.js";
import { startServer } from "./support/server.js";

describe("interoperation", () => {
  /** @type {import("./support/server.js").Server} */
  let server;
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
  });
  after(endAll);

  /**
   * Each says something in turn; all others, and only they, must hear it.
   * @param {Person[]} people
   */
  async function round(people) {
    const [node, python] = await Promise.all([
      nodeClient(server.socket("interop")),
      pythonClient(server.socket("interop")),
    ]);
    const heard = await Promise.all(people.map((person) => person.messages("other")));
    for (const [i, person] of people.entries()) {
      await person.say(`page ${i} says olá 👋`);
      await Promise.all([node.inbox.have(i + 1), python.inbox.have(i + 1)]);
    }
    node.say("node says olá 👋");
    await python.inbox.have(people.length + 1);
    python.say("python says olá 👋");
    await node.inbox.have(people.length + 1);
    const pages = people.map((_, i) => `page ${i} says olá 👋`);
    assert.deepEqual(node.inbox.all, [...pages, "python says olá 👋"]);
    assert.deepEqual(python.inbox.all, [...pages, "node says olá 👋"]);
    for (const [i, person] of people.entries()) {
      const others = pages.filter((text) => text !== pages[i]);
      await person.heard([...(heard[i] ?? []), ...others, "node says olá 👋", "python says olá 👋"]);
    }
    await Promise.all([node.leave(), python.leave()]);
  }

  test("everyone hears all others and not themselves, before and after a restart", async () => {
    const people = await Promise.all([Person.arrive(browser), Person.arrive(browser)]);
    await Promise.all(people.map((person) => person.join(server.page("interop"))));
    await round(people);
    await server.stop();
    await Promise.all(people.map((person) => person.state("reconnecting")));
    server = await startServer({ port: server.port });
    await Promise.all(people.map((person) => person.state("connected")));
    await round(people);
    for (const person of people) await person.leave();
  });

  test("every kind of client hears all others in one order, and not itself", async () => {
    const [page, socket] = [server.page("kinds"), server.socket("kinds")];
    /** @type {Record<string, import("./support/clients.js").Client>} */
    const clients = {
      "raw WebSocket": await nodeClient(socket),
      "recado.v1": await v1Client(socket),
      "Python websockets": await pythonClient(socket),
      "Python requests": await requestsClient(page),
      curl: await curlClient(page),
      EventSource: await eventSourceClient(browser, page),
    };
    /** @type {string[]} */
    const said = [];
    for (const round of [1, 2]) {
      for (const [name, client] of Object.entries(clients)) {
        const text = `${name} says olá 👋 ${round}`;
        said.push(text);
        await client.say(text);
        const others = Object.entries(clients).filter(([other]) => other !== name);
        const heard = (/** @type {string} */ by) => said.filter((text) => !text.startsWith(by)).length;
        await Promise.all(others.map(([other, { inbox }]) => inbox.have(heard(other))));
      }
    }
    for (const [name, client] of Object.entries(clients)) {
      const others = said.filter((text) => !text.startsWith(name));
      assert.deepEqual(client.inbox.all, others, name);
      await client.leave();
    }
  });
});
