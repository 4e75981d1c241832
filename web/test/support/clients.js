// @ts-check
// Other programs in the room: what the page must get on with.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { remember } from "./cleanup.js";
import { Inbox, within } from "./wait.js";

/**
 * @typedef {object} Client
 * @property {Inbox} inbox what it has heard; binary messages as "binary N"
 * @property {(message: string | Buffer) => void} say
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
 * @returns {Promise<Client>}
 */
export async function pythonClient(url) {
  const script = fileURLToPath(new URL("client.py", import.meta.url));
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
