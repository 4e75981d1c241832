// @ts-check
// Other programs in the room: what the page must get on with.

import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { WebSocket } from "ws";
import { connect } from "../../recado.js";
import { remember } from "./cleanup.js";
import { Inbox, within } from "./wait.js";

/**
 * @typedef {object} Client
 * @property {Inbox} inbox what it has heard; binary messages as "binary N"
 * @property {(message: string | Buffer) => unknown} say
 * @property {() => Promise<void>} leave
 */

/**
 * A client of the node module ws.
 * @param {string} url
 * @returns {Promise<Client>}
 */
export async function nodeClient(url) {
  const socket = new WebSocket(url);
  const inbox = new Inbox();
  socket.on("message", (data, binary) => {
    const bytes = /** @type {Buffer} */ (data);
    inbox.push(binary ? `binary ${bytes.length}` : bytes.toString());
  });
  const closed = once(socket, "close");
  const forget = remember(() => socket.terminate());
  await within(once(socket, "open"), () => `${url} to open`);
  return {
    inbox,
    say: (message) => socket.send(message),
    leave: async () => {
      forget();
      socket.close();
      await within(closed, () => "a client's leave").finally(() => socket.terminate());
    },
  };
}

/**
 * A client of Python's websockets, in a process of its own: a line in is a message out.
 * @param {string} url
 */
export const pythonClient = (url) => scriptClient("client.py", url);

/**
 * A client of Python's requests: a stream, and a POST for each message.
 * @param {string} url
 */
export const requestsClient = (url) => scriptClient("requests_client.py", url);

/**
 * @param {string} name of the script
 * @param {string} url
 * @returns {Promise<Client>}
 */
async function scriptClient(name, url) {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn("/usr/bin/python3", [script, url], { stdio: ["pipe", "pipe", "inherit"] });
  const gone = once(child, "exit");
  const forget = remember(() => child.kill("SIGKILL"));
  const inbox = new Inbox();
  const lines = createInterface({ input: child.stdout });
  await within(once(lines, "line"), () => "the Python client to connect");
  lines.on("line", (line) => inbox.push(JSON.parse(line)));
  return {
    inbox,
    say: (message) => child.stdin.write(`${JSON.stringify(message.toString())}\n`),
    leave: async () => {
      forget();
      child.stdin.end();
      await within(gone, () => "the Python client's end").finally(() => child.kill("SIGKILL"));
    },
  };
}

/**
 * Two terminals: one with curl -N, one with curl -d, which the session makes one member.
 * @param {string} url
 * @returns {Promise<Client>}
 */
export async function curlClient(url) {
  const session = ["-H", `Recado-Session: ${randomUUID()}`];
  const child = spawn("curl", ["-sSN", "-D", "-", ...session, url], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  const forget = remember(() => child.kill("SIGKILL"));
  const inbox = new Inbox();
  const lines = createInterface({ input: child.stdout });
  await within(
    new Promise((resolve) => lines.on("line", (line) => line === "" && resolve(undefined))),
    () => "the head of what curl gets",
  );
  lines.on("line", (line) => inbox.push(line));
  return {
    inbox,
    say: (message) => promisify(execFile)("curl", ["-sSf", ...session, "-d", message.toString(), url]),
    leave: async () => {
      forget();
      child.kill();
      await within(gone, () => "curl's end").finally(() => child.kill("SIGKILL"));
    },
  };
}

/**
 * EventSource and fetch in a page of the browser.
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 * @returns {Promise<Client>}
 */
export async function eventSourceClient(browser, url) {
  const session = randomUUID();
  const page = await browser.newPage();
  const inbox = new Inbox();
  await page.exposeFunction("hear", (/** @type {string} */ text) => inbox.push(text));
  await page.goto(new URL("/v1/info", url).href);
  await page.evaluate((address) => {
    const events = new EventSource(address);
    events.onmessage = (event) => Reflect.get(window, "hear")(JSON.parse(event.data).text);
    return new Promise((resolve) => {
      events.onopen = resolve;
    });
  }, `${url}?session=${session}`);
  return {
    inbox,
    say: (message) =>
      page.evaluate(
        ({ url, session, body }) => fetch(url, { method: "POST", headers: { "Recado-Session": session }, body }),
        { url, session, body: message.toString() },
      ),
    leave: () => page.close(),
  };
}

/**
 * A client of recado.v1.
 * @param {string} url
 * @returns {Promise<Client>}
 */
export async function v1Client(url) {
  const room = connect(url, { WebSocket });
  const forget = remember(() => room.close());
  const inbox = new Inbox();
  room.on("message", (message) => inbox.push(message.text ?? ""));
  await within(
    new Promise((resolve) => room.on("state", ({ state }) => state === "connected" && resolve(undefined))),
    () => "recado.v1 to be connected",
  );
  return {
    inbox,
    say: (message) => room.publish(message.toString()),
    leave: async () => {
      forget();
      room.close();
    },
  };
}
