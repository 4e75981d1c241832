// @ts-check
// Starts the real server, named by RECADO_BIN, on a port of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { remember } from "./cleanup.js";
import { within } from "./wait.js";

const BANNER = /^Servidor WebSocket iniciado em ws:\/\/localhost:(\d+)$/;

/**
 * @typedef {object} Server
 * @property {number} port
 * @property {(path?: string, host?: string) => string} page
 * @property {(path?: string) => string} socket
 * @property {(signal: NodeJS.Signals) => void} signal
 * @property {(signal?: NodeJS.Signals) => Promise<void>} stop ends the process and waits for that
 */

/** @type {Promise<Server> | undefined} */
let common;
after(async () => (await common)?.stop());

/** A server for suites that leave it as it is, each in rooms of its own. */
export function commonServer() {
  common ??= startServer({ args: ["--allow-host", "chat.lan"], lasts: true });
  return common;
}

/**
 * @param {{port?: number, args?: string[], lasts?: boolean}} [options] lasts: longer than the suite
 * @returns {Promise<Server>}
 */
export async function startServer({ port = 0, args = [], lasts = false } = {}) {
  const binary = process.env.RECADO_BIN;
  if (!binary) throw new Error("RECADO_BIN must name the server's binary");
  const child = spawn(binary, ["serve", "--listen", `localhost:${port}`, "--web", "", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (data) => {
    log = (log + data).slice(-4000);
  });
  const gone = once(child, "exit");
  const abort = () => child.kill("SIGKILL");
  process.once("exit", abort);
  const forget = lasts ? () => {} : remember(abort);
  const lines = createInterface({ input: child.stdout });
  const [line] = await within(
    Promise.race([once(lines, "line"), gone.then(() => ["(the server has ended)"])]),
    () => `the server's first line; its log:\n${log}`,
  );
  const started = BANNER.exec(line);
  if (!started) {
    abort();
    throw new Error(`the server's first line is ${JSON.stringify(line)}; its log:\n${log}`);
  }
  const own = Number(started[1]);
  return {
    port: own,
    page: (path = "", host = "localhost") => `http://${host}:${own}/${path}`,
    socket: (path = "") => `ws://localhost:${own}/${path}`,
    signal: (signal) => child.kill(signal),
    stop: async (signal = "SIGINT") => {
      process.removeListener("exit", abort);
      forget();
      child.kill(signal);
      await within(gone, () => `the server's end after ${signal}`).finally(abort);
    },
  };
}
