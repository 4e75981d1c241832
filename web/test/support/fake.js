// @ts-check
// A server that says to a page what the test wants, in the browser's place of the network.

import { ana, beto, welcome } from "./room.js";

/** @typedef {import("playwright-core").WebSocketRoute} Route */

/**
 * Answers the page's hello, and hands over the connection.
 * @param {import("playwright-core").Page} page
 * @param {object} [fields] of the welcome
 */
export async function fakeServer(page, fields) {
  /** @type {Record<string, any>[]} */
  const frames = [];
  /** @type {Route | undefined} */
  let route;
  await page.routeWebSocket(/.*/, (socket) => {
    route = socket;
    socket.onMessage((text) => {
      const frame = JSON.parse(String(text));
      if (frame.type === "hello")
        socket.send(JSON.stringify(welcome({ you: { ...ana, name: frame.name ?? "ana" }, ...fields })));
      if (frame.type === "ping") socket.send('{"type":"pong"}');
      else frames.push(frame);
    });
  });
  return {
    /** What the page has said, without its pings. */
    frames,
    /** @param {object} frame */
    say: (frame) => route?.send(JSON.stringify(frame)),
    /** @param {number} code */
    close: (code) => route?.close({ code }),
  };
}

export { ana, beto };
