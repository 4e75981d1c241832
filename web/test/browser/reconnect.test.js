// @ts-check
// The server goes and comes back under the page; the network does; the server refuses.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, Person } from "../support/browser.js";
import { endAll } from "../support/cleanup.js";
import { nodeClient } from "../support/clients.js";
import { startServer } from "../support/server.js";

describe("reconnecting", () => {
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {import("../support/server.js").Server} */
  let server;
  before(async () => {
    [server, browser] = await Promise.all([startServer({ args: ["--allow-host", "chat.lan"] }), launch()]);
  });
  after(endAll);

  async function restart() {
    server = await startServer({ port: server.port, args: ["--allow-host", "chat.lan"] });
  }

  for (const signal of /** @type {NodeJS.Signals[]} */ (["SIGINT", "SIGKILL"])) {
    test(`after ${signal} to the server everyone comes back, and what was written meanwhile arrives once`, async () => {
      const ana = await Person.arrive(browser, { locale: "pt-BR" });
      const beto = await Person.arrive(browser, { locale: "en-GB" });
      await Promise.all([ana, beto].map((person) => person.join(server.page(`ops-${signal}`))));
      await ana.say("antes");
      await beto.heard(["antes"]);
      await server.stop(signal);
      await Promise.all([ana, beto].map((person) => person.state("reconnecting")));
      await ana.reads("#banner-text", /^Sem conexão\. (Tentando de novo…|Nova tentativa em \d+ s)$/);
      await beto.reads("#banner-text", /^Connection lost\. Retrying(…| in \d+ s)$/);
      await ana.reads("#pill-text", /^reconectando$/);
      await beto.reads("#pill-text", /^reconnecting$/);
      await ana.reads("#announcer", /^Sem conexão\. Tentando de novo…$/);

      // Held back, so that the one who shall hear it is there first.
      await ana.page.context().setOffline(true);
      await ana.say("um");
      await ana.say("dois");
      await ana.marked(["sent", "waiting", "waiting"]);
      await ana.reads("#banner-text", /· 2 na fila$/);
      await restart();
      await beto.state("connected");
      await beto.reads("#banner-text", /^Reconnected$/);
      await beto.reads(".gap", /^The server started anew/);
      await ana.page.context().setOffline(false);
      await ana.state("connected");
      await ana.reads("#banner-text", /^Reconectado · 2 enviadas$/);
      await beto.heard(["antes", "um", "dois"]);
      await ana.marked(["sent", "sent", "sent"]);
      await ana.reads(".gap", /^O servidor recomeçou/);
      await ana.say("depois");
      await beto.heard(["antes", "um", "dois", "depois"]);
      await beto.say("oi");
      await ana.heard(["oi"]);
      await ana.page.waitForSelector("#banner", { state: "hidden" });
      await ana.leave();
      await beto.leave();
    });
  }

  test("says it when a message may have been lost, and sends it again only when asked", async () => {
    const ana = await Person.arrive(browser);
    let deaf = false;
    await ana.page.routeWebSocket(/.*/, (socket) => {
      const real = socket.connectToServer();
      real.onMessage((frame) => deaf || socket.send(frame)); // its acknowledgements get lost
    });
    await ana.join(server.page("doubt"));
    const program = await nodeClient(server.socket("doubt"));
    deaf = true;
    await ana.say("did you get this?");
    await program.inbox.have(1);
    await ana.marked(["sending"]);
    await server.stop("SIGKILL");
    await ana.state("reconnecting");
    deaf = false;
    await restart(); // without its history: it cannot say whether it had the message
    await ana.state("connected");
    await ana.marked(["unsure"]);
    const again = await nodeClient(server.socket("doubt"));
    await ana.say("marker");
    await again.inbox.have(1);
    await ana.page.click("text=Send again");
    await again.inbox.have(2);
    assert.deepEqual(again.inbox.all, ["marker", "did you get this?"]);
    assert.deepEqual(await ana.messages("own"), ["marker", "did you get this?"]);
    await ana.marked(["sent", "sent"]);
    await Promise.all([again.leave(), program.leave()]);
    await ana.leave();
  });

  test("finds by itself what was acknowledged to nobody, and says what came meanwhile", async () => {
    const ana = await Person.arrive(browser);
    let deaf = false;
    /** @type {import("playwright-core").WebSocketRoute | undefined} */
    let route;
    await ana.page.routeWebSocket(/.*/, (socket) => {
      route = socket;
      const real = socket.connectToServer();
      real.onMessage((frame) => deaf || socket.send(frame));
    });
    await ana.join(server.page("lost"));
    const program = await nodeClient(server.socket("lost"));
    deaf = true;
    await ana.say("um");
    await program.inbox.have(1);
    const listener = await nodeClient(server.socket("lost"));
    for (const text of ["a", "b", "c"]) program.say(text);
    await listener.inbox.have(3);
    await listener.leave();
    const cut = route;
    deaf = false;
    await cut?.close({ code: 1011 });
    await ana.heard(["a", "b", "c"]);
    await ana.marked(["sent"]);
    await ana.reads("#banner-text", /^Reconnected · 1 sent, 3 received$/);
    await ana.say("dois");
    await program.inbox.have(2);
    assert.deepEqual(program.inbox.all, ["um", "dois"], "once");
    const order = await ana.page.locator("#messages .text").allTextContents();
    assert.deepEqual(order, ["um", "a", "b", "c", "dois"], "in the room's order");
    await program.leave();
    await ana.leave();
  });

  test("an unreachable network is offline; the queue can be discarded; the network's return is enough", async () => {
    const ana = await Person.arrive(browser, { locale: "pt-BR" });
    await ana.join(server.page("lan", "chat.lan"));
    const program = await nodeClient(server.socket("lan"));
    await server.stop();
    await ana.state("reconnecting");
    await ana.page.context().setOffline(true);
    await ana.state("offline");
    await ana.reads("#banner-text", /^Sem internet\. Você volta assim que ela voltar\.$/);
    await ana.say("um");
    await ana.say("dois");
    await ana.reads("#banner-text", /^Sem internet\. 2 mensagens serão enviadas ao voltar\.$/);
    await ana.reads("#pill-more", /^2 na fila$/);
    await ana.page.click("#queue-discard");
    await ana.reads("#pill-more", /^$/);
    assert.deepEqual(await ana.messages("own"), []);
    await ana.say("três");
    await restart();
    const again = await nodeClient(server.socket("lan"));
    await ana.page.context().setOffline(false);
    await again.inbox.have(1);
    assert.deepEqual(again.inbox.all, ["três"]);
    await Promise.all([again.leave(), program.leave()]);
    await ana.leave();
  });

  test("counts long waits down and tries at once when told to", async () => {
    const ana = await Person.arrive(browser);
    await ana.page.addInitScript(() => {
      Math.random = () => 0.999;
    });
    let attempts = 0;
    await ana.page.routeWebSocket(/.*/, (socket) => {
      if (++attempts < 6) socket.close({ code: 1013 });
      else socket.connectToServer();
    });
    await ana.page.goto(server.page("patience"));
    while (attempts < 5) {
      const before = attempts;
      await ana.page.waitForSelector("#banner-retry");
      await ana.page.evaluate(() => document.getElementById("banner-retry")?.click());
      await ana.page.waitForFunction(() => document.getElementById("banner-retry")?.hidden === false);
      assert.ok(attempts > before);
    }
    await ana.reads("#banner-text", /^Connection lost\. Retrying in [678] s$/);
    await ana.reads("#announcer", /^Connection lost\. Retrying…$/);
    await ana.page.click("#banner-retry");
    await ana.state("connected");
    assert.equal(attempts, 6);
    await ana.leave();
  });

  test("writes down what is written before the first connection", async () => {
    const ana = await Person.arrive(browser);
    await ana.page.context().setOffline(false);
    await ana.page.addInitScript(() => {
      // A server that does not answer yet.
      const Real = window.WebSocket;
      let held = true;
      Object.assign(window, { release: () => (held = false) });
      window.WebSocket = /** @type {any} */ (
        class extends Real {
          /** @param {string} url @param {string} protocol */
          constructor(url, protocol) {
            super(held ? url.replace(/:\d+/, ":1") : url, protocol);
          }
        }
      );
    });
    await ana.page.goto(server.page("early"));
    await ana.say("early bird");
    assert.deepEqual(await ana.marks(), ["waiting"]);
    const program = await nodeClient(server.socket("early"));
    await ana.page.evaluate("release()");
    await program.inbox.have(1);
    assert.deepEqual(program.inbox.all, ["early bird"]);
    await ana.state("connected");
    await program.leave();
    await ana.leave();
  });

  test("a refusal is said with its reason and not argued with", async () => {
    for (const [code, title] of /** @type {[number, RegExp][]} */ ([
      [4501, /^Your access is invalid or has expired\.$/],
      [4506, /^This room is full\.$/],
      [4502, /^You may not enter this room\.$/],
      [4504, /^The server closed this connection\.$/],
    ])) {
      const ana = await Person.arrive(browser);
      let attempts = 0;
      await ana.page.routeWebSocket(/.*/, (socket) => {
        if (++attempts === 1) socket.onMessage(() => socket.close({ code }));
        else socket.connectToServer();
      });
      await ana.page.goto(server.page("full"));
      await ana.state("refused");
      await ana.reads("#refused-title", title);
      // Neither of these is a person who asks.
      await ana.page.evaluate(() => {
        window.dispatchEvent(new Event("online"));
        document.dispatchEvent(new Event("visibilitychange"));
      });
      assert.equal(attempts, 1);
      await ana.page.click("#refused-retry");
      await ana.state("connected");
      assert.equal(attempts, 2);
      await ana.page.waitForSelector("#refused", { state: "hidden" });
      await ana.leave();
    }
  });

  test("a message over the limit is kept, explained, and costs no other", async () => {
    const ana = await Person.arrive(browser);
    await ana.page.addInitScript(() => {
      const Real = window.WebSocket;
      Object.assign(window, { held: true });
      window.WebSocket = /** @type {any} */ (
        class extends Real {
          /** @param {string} url @param {string} protocol */
          constructor(url, protocol) {
            super(/** @type {any} */ (window).held ? url.replace(/:\d+/, ":1") : url, protocol);
          }
        }
      );
    });
    // Before the first connection nobody knows the limit.
    await ana.page.goto(server.page("big"));
    await ana.say("before");
    await ana.say("x".repeat(70_000));
    await ana.marked(["waiting", "waiting"]);
    const program = await nodeClient(server.socket("big"));
    await ana.page.evaluate("window.held = false");
    await ana.state("connected");
    await ana.reads("[data-mark=too_big] .why", /^Not sent: 68 KiB is more than this server takes$/);
    await ana.marked(["sent", "too_big"]);
    await ana.say("y".repeat(70_000));
    await ana.reads("#problem", /^68 KiB is more than this server takes\. Your text stays here/);
    assert.equal(await ana.page.inputValue("#text"), "y".repeat(70_000));
    await ana.page.fill("#text", "");
    await ana.reads("#problem", /^$/);
    await ana.page.click("text=Edit");
    assert.equal(await ana.page.inputValue("#text"), "x".repeat(70_000));
    await ana.say("z".repeat(60_000));
    await program.inbox.have(2);
    assert.deepEqual(program.inbox.all, ["before", "z".repeat(60_000)]);
    await program.leave();
    await ana.leave();
  });
});
