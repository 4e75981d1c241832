// @ts-check
// People and programs in rooms: everyone hears the others and not themselves.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "../support/browser.js";
import { endAll } from "../support/cleanup.js";
import { nodeClient } from "../support/clients.js";
import { startServer } from "../support/server.js";

/** @typedef {import("../support/server.js").Server} Server */

// What existing pages do: nothing but the browser's own API, on a port of their own.
const FOREIGN = (/** @type {string} */ url) => `<!doctype html><title>old page</title><ul id="heard"></ul><script>
const socket = new WebSocket(${JSON.stringify(url)});
socket.onopen = () => { document.title = "open"; };
socket.onmessage = (event) => {
  const item = document.createElement("li");
  item.textContent = event.data;
  document.getElementById("heard").append(item);
};
</script>`;

describe("talking", () => {
  /** @type {Server} */
  let server;
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
  });
  after(endAll);

  test("everyone in the room hears the others, and no other room does", async () => {
    const [ana, beto, carla, davi] = await Promise.all([1, 2, 3, 4].map(() => Person.arrive(browser)));
    assert.ok(ana && beto && carla && davi);
    await Promise.all([ana, beto, carla].map((person) => person.join(server.page("ops"))));
    await davi.join(server.page("Ops"));
    await ana.say("from ana");
    await Promise.all([beto.heard(["from ana"]), carla.heard(["from ana"])]);
    await beto.say("from beto");
    await Promise.all([ana.heard(["from beto"]), carla.heard(["from ana", "from beto"])]);
    await carla.say("from carla");
    await Promise.all([ana.heard(["from beto", "from carla"]), beto.heard(["from ana", "from carla"])]);
    for (const [person, own] of /** @type {[Person, string][]} */ ([
      [ana, "from ana"],
      [beto, "from beto"],
      [carla, "from carla"],
    ])) {
      assert.deepEqual(await person.messages("own"), [own]);
      await person.marked(["sent"]);
    }
    const stranger = await nodeClient(server.socket("Ops"));
    stranger.say("another room");
    await davi.heard(["another room"]);
    await stranger.leave();
    for (const person of [ana, beto, carla, davi]) await person.leave();
  });

  test("/ and /lobby are one room, and odd names are rooms too", async () => {
    const ana = await Person.arrive(browser);
    const beto = await Person.arrive(browser);
    for (const [one, other, title] of [
      ["", "lobby", "#lobby · recado"],
      ["caf%C3%A9", "cafe%CC%81", "#café · recado"],
      ["a-b_c.d~e=f@g,h;i:j!k", "a-b_c.d~e=f@g,h;i:j!k", "#a-b_c.d~e=f@g,h;i:j!k · recado"],
    ]) {
      await ana.join(server.page(one));
      await beto.join(server.page(other));
      await ana.say("same room?");
      await beto.heard(["same room?"]);
      assert.equal(await ana.page.title(), title);
    }
    await ana.leave();
    await beto.leave();
  });

  test("text arrives as it was sent, binary as its size", async () => {
    const ana = await Person.arrive(browser);
    await ana.join(server.page("bytes"));
    const program = await nodeClient(server.socket("bytes"));
    const texts = [
      "  spaces  ",
      "line\nline\n\n\tline",
      "مرحبا English שלום",
      "👩‍👩‍👧‍👦🇧🇷",
      "a\u0000b\u202eevil\u200f",
      "x".repeat(1500),
    ];
    for (const text of texts) {
      program.say(text);
      await ana.say(text);
    }
    program.say(Buffer.alloc(1504));
    program.say(Buffer.alloc(1));
    program.say("");
    await program.inbox.have(texts.length);
    assert.deepEqual(program.inbox.all, texts);
    await ana.heard([...texts, "binary, 1,504 bytes", "binary, 1 byte", ""]);
    assert.deepEqual(await ana.messages("own"), texts);
    await program.leave();
    await ana.leave();
  });

  test("a page that another program serves works unchanged", async () => {
    const other = createServer((_, response) => {
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      response.end(FOREIGN(server.socket("old")));
    });
    other.listen(0, "localhost");
    await once(other, "listening");
    const { port } = /** @type {import("node:net").AddressInfo} */ (other.address());
    const ana = await Person.arrive(browser);
    await ana.join(server.page("old"));
    const old = await browser.newPage();
    await old.goto(`http://localhost:${port}/`);
    await old.waitForFunction(() => document.title === "open");
    await ana.say("olá, página antiga");
    await old.waitForSelector("#heard li");
    await old.evaluate("socket.send('olá, página nova')");
    await ana.heard(["olá, página nova"]);
    await ana.say("até logo");
    await old.waitForSelector("#heard li:nth-child(2)");
    assert.deepEqual(await old.locator("li").allTextContents(), ["olá, página antiga", "até logo"]);
    await old.close();
    await ana.leave();
    other.closeAllConnections();
    other.close();
  });
});
