// @ts-check
// Rooms and their addresses. A room is the last segment of the page's path; its WebSocket is at the same address.

export const LOBBY = "lobby";
const RESERVED = new Set(["healthz", "readyz", "metrics", "v1", "assets", "favicon.ico", "robots.txt"]);
const MAX_BYTES = 128;

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
 * The address of a room beside the one whose page is open.
 * @param {string} room
 * @param {string} base the page's own address
 */
export function roomURL(room, base) {
  const segment = room === LOBBY ? "" : encodeURIComponent(room).replace(/%(40|3D|2C|3B|3A)/g, decodeURIComponent);
  const url = new URL(`./${segment}`, base);
  url.search = url.hash = "";
  return url.href;
}

/**
 * The room that a person means, or "" if no room can be called that.
 * @param {string} typed
 */
export function wantedRoom(typed) {
  const name = typed.trim().replace(/^#/, "").normalize("NFC");
  const fits = /^[\p{L}\p{M}\p{Nd}\-_~=@,;:!][\p{L}\p{M}\p{Nd}\-_.~=@,;:!]*$/u.test(name);
  return fits && !RESERVED.has(name) && new TextEncoder().encode(name).length <= MAX_BYTES ? name : "";
}

/**
 * Whether an address with this host name means the same computer only.
 * @param {string} hostname
 */
export function isLoopback(hostname) {
  return /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
