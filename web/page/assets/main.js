// @ts-check
// Puts the page together: the connection and the outbox on one side, what people see on the other.

import { copy } from "./clipboard.js";
import { Composer } from "./composer.js";
import { byId, label, make } from "./dom.js";
import { choose, I18n, LANGUAGES } from "./i18n.js";
import { Log } from "./log.js";
import { byteLength, Outbox } from "./outbox.js";
import { isLoopback, roomName, socketURL } from "./room.js";
import { Settings } from "./settings.js";
import { browser, Connection } from "./socket.js";
import { StatusView } from "./status.js";
import { Store } from "./store.js";
import { applyTheme } from "./theme.js";
import { fitToKeyboard } from "./viewport.js";

const COPIED_MS = 2000;
const HOUSEKEEPING_MS = 30_000;

const store = new Store();
applyTheme(store.get("theme"));
const language = store.get("language") || choose(navigator.languages);
const i18n = new I18n(async (wanted) => (await fetch(`assets/locale/${wanted}.json`)).json());

try {
  await i18n.use(language);
  start();
} catch (error) {
  byId("failed", HTMLElement).hidden = false;
  throw error;
}

function start() {
  const room = roomName(location.pathname);
  const outbox = new Outbox((entry) => log.mark(entry));
  const log = new Log(i18n, act, (unseen) => title(room, unseen));
  const status = new StatusView(i18n, location.host, {
    retry: () => connection.retry(),
    showQueue: () => log.toEnd(),
    discardQueue: () => {
      outbox.discardAll();
      status.queue(0);
    },
  });
  const draft = `draft:${room}`;
  const drafts = { get: () => store.get(draft), set: (/** @type {string} */ text) => store.set(draft, text) };
  const composer = new Composer(i18n, room, drafts, submit);
  // A server on the same computer is there without any network.
  const online = () => navigator.onLine || isLoopback(location.hostname);
  const listener = {
    status: (/** @type {import("./socket.js").Status} */ now) => status.update(now),
    open: () => {
      const sent = outbox.connected(connection);
      status.queue(outbox.size, sent);
    },
    message: (/** @type {string | ArrayBuffer} */ data) => {
      outbox.heard();
      log.addOther(data, new Date());
    },
    close: (/** @type {import("./socket.js").Ending} */ ending) => {
      outbox.disconnected(ending);
      status.queue(outbox.size);
    },
  };
  const connection = new Connection(socketURL(location), listener, { ...browser, online });

  /** @param {string} text */
  function submit(text) {
    const bytes = byteLength(text);
    if (!outbox.fits(bytes)) return i18n.text("page.problem.too_big", { Size: i18n.size(bytes) });
    const entry = outbox.add(text);
    if (!entry) return i18n.count("page.problem.full", outbox.size);
    log.addOwn(entry);
    status.queue(outbox.size);
    return "";
  }

  /**
   * @param {import("./message.js").Action} action
   * @param {import("./outbox.js").Entry} entry
   */
  function act(action, entry) {
    if (action === "resend" && submit(entry.text) !== "") return; // no place for it: it stays where it is
    if (action === "edit") composer.restore(entry.text);
    outbox.discard(entry);
    status.queue(outbox.size);
  }

  function relabel() {
    label(i18n);
    welcome(room);
    composer.relabel();
    log.relabel();
    status.render();
  }

  new Settings(
    { language: i18n.language, theme: store.get("theme") },
    {
      language: async (chosen) => {
        await i18n.use(chosen);
        store.set("language", chosen);
        relabel();
      },
      theme: (chosen) => store.set("theme", chosen),
    },
  );
  byId("room", HTMLElement).textContent = room;
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (button instanceof HTMLElement) button.addEventListener("click", () => copyLink(button));
  }
  relabel();
  fitToKeyboard();
  watch(connection, outbox);
  window.setInterval(() => {
    outbox.expire();
    status.queue(outbox.size);
    log.relabelDays();
  }, HOUSEKEEPING_MS);
  connection.retry();
  // The other language must not need the server when it is wanted; if it cannot be had now, it is tried again then.
  for (const other of LANGUAGES) i18n.load(other).catch(() => {});
}

/**
 * Connects again as soon as there is reason to, and warns before waiting messages are lost with the page.
 * @param {Connection} connection
 * @param {Outbox} outbox
 */
function watch(connection, outbox) {
  window.addEventListener("online", () => {
    connection.refresh();
    connection.hope();
  });
  window.addEventListener("offline", () => connection.refresh());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) connection.hope();
  });
  window.addEventListener("beforeunload", (event) => {
    if (outbox.size > 0) event.preventDefault();
  });
}

/**
 * @param {string} room
 * @param {number} unseen
 */
function title(room, unseen) {
  document.title = `${unseen > 0 ? `(${unseen}) ` : ""}#${room} · recado`;
}

/**
 * What an empty room says.
 * @param {string} room
 */
function welcome(room) {
  byId("address", HTMLElement).textContent = location.host + (location.pathname === "/" ? "" : `/${room}`);
  const [before = "", after = ""] = i18n.text("page.empty.loopback", { Command: "\n" }).split("\n");
  const loopback = byId("loopback", HTMLElement);
  loopback.replaceChildren(before, make("code", {}, "recado serve --lan"), after);
  loopback.hidden = !isLoopback(location.hostname);
  const other = room === "cafe" ? "" : "cafe";
  const link = make("a", { href: `./${other}` }, `${location.host}/${other}`);
  byId("rooms", HTMLElement).replaceChildren(`${i18n.text("page.empty.rooms")} `, link);
}

/** @param {HTMLElement} button */
async function copyLink(button) {
  const link = location.origin + location.pathname;
  if (!(await copy(link))) {
    window.prompt(i18n.text("page.copy.manual"), link);
    return;
  }
  button.classList.add("done");
  byId("announcer", HTMLElement).textContent = i18n.text("page.copied");
  window.setTimeout(() => button.classList.remove("done"), COPIED_MS);
}
