// @ts-check
// Where the page is: its room and the room's WebSocket address, both told by the page's own address.

const LOBBY = "lobby";

/**
 * The room of a page at this path: its last segment, or the lobby.
 * @param {string} pathname
 */
export function roomName(pathname) {
  const segment = pathname.slice(pathname.lastIndexOf("/") + 1);
  if (segment === "") return LOBBY;
  try {
    return decodeURIComponent(segment).normalize("NFC");
  } catch {
    return segment; // not percent-encoded UTF-8: the server will say what is wrong with it
  }
}

/**
 * The room's WebSocket has the page's own host, port and path.
 * @param {{protocol: string, host: string, pathname: string}} page
 */
export function socketURL(page) {
  return `${page.protocol === "https:" ? "wss:" : "ws:"}//${page.host}${page.pathname}`;
}

/**
 * Whether an address with this host name means the same computer only.
 * @param {string} hostname
 */
export function isLoopback(hostname) {
  return /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
