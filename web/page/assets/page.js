// @ts-check
// The page put together: the rooms on one side, what people see and do on the other.

import { Composer } from "./composer.js";
import { Doer } from "./doer.js";
import { byId, label } from "./dom.js";
import { labelHelp, listenToKeys } from "./help.js";
import { LANGUAGES } from "./i18n.js";
import { Log } from "./log.js";
import { Badge, notify } from "./notify.js";
import { Panels } from "./panels.js";
import { People } from "./people.js";
import { connect } from "./recado.js";
import { isLoopback, roomName, roomURL } from "./room.js";
import { RoomList } from "./roomlist.js";
import { Rooms } from "./rooms.js";
import { Self } from "./self.js";
import { labelSettings, offerSettings } from "./settings.js";
import { Sharing } from "./share.js";
import { StatusView } from "./status.js";
import { Switcher } from "./switcher.js";
import { fitToKeyboard } from "./viewport.js";

/** @typedef {import("./i18n.js").I18n} I18n */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./conversation.js").Conversation} Conversation */

const HOUSEKEEPING_MS = 30_000;
const TYPING_CHECK_MS = 1000;
const SIGNAL_MS = 3000; // between two signs of typing

export class Page {
  panels = new Panels();
  #store;
  #signalled = 0;

  /** @param {I18n} i18n @param {Store} store @param {Store} session */
  constructor(i18n, store, session) {
    this.i18n = i18n;
    this.#store = store;
    this.session = session;
    const first = roomName(location.pathname);
    this.rooms = new Rooms(connect, store, session, {
      base: location.href,
      first,
      hear: (conversation, change, item) => this.#hear(conversation, change, item),
    });
    this.badge = new Badge(this.rooms);
    this.self = new Self(i18n, store, this.rooms);
    this.sharing = new Sharing(
      i18n,
      () => this.rooms.current.name,
      () => session.get("token"),
    );
    this.doer = new Doer(this);
    this.log = new Log(i18n, this.doer);
    this.people = new People(i18n, (ids) => this.log.rows.tellApart(ids));
    this.status = new StatusView(
      i18n,
      { address: location.host, local: isLoopback(location.hostname) },
      this.doer.forStatus(),
    );
    const drafts = {
      get: (/** @type {string} */ room) => store.get(`draft:${room}`),
      set: (/** @type {string} */ room, /** @type {string} */ text) => store.set(`draft:${room}`, text),
    };
    this.composer = new Composer(i18n, drafts, {
      submit: (text) => this.doer.submit(text),
      typing: () => this.#signalTyping(),
      help: () => this.doer.help(),
    });
    this.list = new RoomList(i18n, this.rooms, {
      go: (room) => this.go(room),
      pin: (room) => this.pin(room, !this.rooms.isPinned(room)),
      forget: (room) => {
        this.rooms.forget(room);
        this.list.render();
      },
      add: () => this.switcher.open(),
    });
    const unreadOf = (/** @type {string} */ name) => this.rooms.open.get(name)?.unread ?? 0;
    const listed = () => this.rooms.known.map(({ name }) => ({ name, unread: unreadOf(name) }));
    this.switcher = new Switcher(i18n, listed, (room) => this.go(room));
  }

  start() {
    offerSettings(this.i18n, this.#store, () => this.relabel());
    byId("switch-button", HTMLElement).addEventListener("click", () => this.switcher.open());
    byId("help-button", HTMLElement).addEventListener("click", () => this.doer.help());
    this.doer.listen();
    listenToKeys({
      help: () => this.doer.help(),
      switcher: () => this.switcher.open(),
      next: (step) => this.#next(step),
      end: () => this.log.toEnd(),
    });
    fitToKeyboard();
    this.#watch();
    this.relabel();
    this.#show(this.rooms.current);
    // The other language must not need the server when it is wanted; if it cannot be had now, it is tried again then.
    for (const other of LANGUAGES) this.i18n.load(other).catch(() => {});
  }

  /** Opens a room, without loading the page again. @param {string} name */
  go(name) {
    this.panels.close();
    if (name === this.rooms.current.name) return this.composer.focus();
    history.pushState(null, "", roomURL(name, location.href));
    this.#show(this.rooms.enter(name));
  }

  /** @param {string} room @param {boolean} pinned */
  pin(room, pinned) {
    if (!this.rooms.pin(room, pinned)) this.rooms.current.tell("page.pin.full");
    this.list.render();
  }

  relabel() {
    label(this.i18n);
    labelHelp(this.i18n);
    this.sharing.label();
    labelSettings(this.i18n);
    this.composer.relabel();
    this.log.relabel();
    this.people.relabel();
    this.status.render();
    this.list.render();
  }

  /** @param {Conversation} conversation */
  #show(conversation) {
    byId("room", HTMLElement).textContent = conversation.name;
    this.sharing.label();
    this.log.show(conversation);
    this.people.show(conversation);
    this.status.show(conversation);
    this.composer.show(conversation.name);
    this.list.render();
    this.badge.show();
    this.self.show();
  }

  /**
   * @param {Conversation} conversation
   * @param {import("./conversation.js").Change} change
   * @param {import("./items.js").Item} [item]
   */
  #hear(conversation, change, item) {
    if (change === "unread") {
      this.badge.changed();
      this.list.changed();
      if (item?.kind === "message" && !item.own && this.#store.get("notify")) notify(conversation.name, item);
    }
    if (change === "state") this.list.changed();
    if (conversation !== this.rooms.current) return;
    if (change === "reset") this.log.show(conversation);
    else if (change === "people") {
      this.people.changed();
      this.self.show();
    } else if (change === "typing") this.people.showTyping();
    else if (change === "state") {
      this.status.render();
      if (conversation.status.state === "connected") this.sharing.ask().then(() => this.log.rows.relabelDays());
    } else if (item && change !== "unread") this.log.hear(change, item);
  }

  #signalTyping() {
    const { room } = this.rooms.current;
    if (Date.now() - this.#signalled < SIGNAL_MS || room.memberCount < 2) return;
    this.#signalled = Date.now();
    room.publish({ event: "typing", json: null, ephemeral: true }).catch(() => {}); // it is worth nothing later
  }

  /** @param {number} step to the room above or below in the list */
  #next(step) {
    const names = [...document.querySelectorAll("#rooms a .label")].map((element) => element.textContent ?? "");
    const here = names.indexOf(this.rooms.current.name);
    const name = names[(here + step + names.length) % names.length];
    if (name) this.go(name);
  }

  #watch() {
    window.addEventListener("popstate", () => this.#show(this.rooms.enter(roomName(location.pathname))));
    window.addEventListener("pagehide", () => this.rooms.save());
    window.addEventListener("beforeunload", (event) => {
      this.rooms.save();
      if ([...this.rooms.open.values()].some(({ outbox }) => outbox.size > 0)) event.preventDefault();
    });
    window.setInterval(() => this.people.showTyping(), TYPING_CHECK_MS);
    window.setInterval(() => {
      for (const { outbox } of this.rooms.open.values()) outbox.expire();
      this.log.rows.relabelDays();
      this.people.changed();
      this.rooms.save();
    }, HOUSEKEEPING_MS);
  }
}
