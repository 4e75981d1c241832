// @ts-check
// A connection that a test can cut: what is between a client and its server.

import { once } from "node:events";
import { connect, createServer } from "node:net";
import { remember } from "./cleanup.js";

/** @param {number} port of the server */
export async function startProxy(port) {
  /** @type {Set<import("node:net").Socket>} */
  const open = new Set();
  let deaf = false;
  const proxy = createServer((client) => {
    const server = connect(port, "localhost");
    for (const [from, to] of /** @type {const} */ ([
      [client, server],
      [server, client],
    ])) {
      open.add(from);
      from.on("data", (data) => (from === server && deaf) || to.write(data));
      from.on("error", () => {});
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  proxy.listen(0, "localhost");
  await once(proxy, "listening");
  const address = /** @type {import("node:net").AddressInfo} */ (proxy.address());
  const stop = () => {
    for (const socket of open) socket.destroy();
    proxy.close();
  };
  remember(stop);
  return {
    /** @param {string} room */
    socket: (room) => `ws://localhost:${address.port}/${room}`,
    /** From now on what the server says is lost. */
    deafen() {
      deaf = true;
    },
    /** Ends all connections without a word. */
    cut() {
      deaf = false;
      for (const socket of open) socket.resetAndDestroy();
    },
  };
}
