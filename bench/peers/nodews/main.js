// @ts-check
// A relay on ws, broadcasting as its README shows: "excluding itself". Compression is off by default.
import { WebSocket, WebSocketServer } from 'ws';

const [host, port] = process.argv[2].split(':');
const server = new WebSocketServer({ host, port: Number(port) });

server.on('connection', (from) => {
  from.on('error', () => {}); // the connection closes after it
  from.on('message', (data, isBinary) => {
    for (const to of server.clients) {
      if (to !== from && to.readyState === WebSocket.OPEN) {
        to.send(data, { binary: isBinary });
      }
    }
  });
});
server.on('listening', () => {
  const at = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`ws://${at.address}:${at.port}`);
});
