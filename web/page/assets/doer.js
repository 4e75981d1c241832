// @ts-check
// What people do: send, run commands, deal with what was not sent, ask for more.

import { ask } from "./ask.js";
import { parse } from "./commands.js";
import { byId } from "./dom.js";
import { download, FORMATS } from "./exporter.js";
import { textOf } from "./items.js";
import { visibleName } from "./names.js";
import { byteLength } from "./outbox.js";
import { LOBBY, wantedRoom } from "./room.js";
import { MAX_NAME } from "./self.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./items.js").Said} Said */
/** @typedef {import("./exporter.js").Format} Format */

const MAX_NAMED = 50;
const MAX_TOKEN = 8192;

export class Doer {
  #page;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
  }

  get #here() {
    return this.#page.rooms.current;
  }

  /** Takes a text and returns "", or says why it cannot. @param {string} typed */
  submit(typed) {
    const read = parse(typed);
    if ("unknown" in read) return this.#page.i18n.text("page.problem.command", { Command: read.unknown });
    return "command" in read ? this.#run(read.command, read.rest) : this.#say(read.text);
  }

  /** @param {string} text @param {string} [event] */
  #say(text, event) {
    const { i18n } = this.#page;
    const [here, bytes] = [this.#here, byteLength(text)];
    if (!here.outbox.fits(bytes)) return i18n.text("page.problem.too_big", { Size: i18n.size(bytes) });
    return here.say(text, event) ? "" : i18n.count("page.problem.full", here.outbox.size);
  }

  /** @param {import("./commands.js").Command} command @param {string} rest @returns {string} */
  #run(command, rest) {
    const { i18n, log } = this.#page;
    const here = this.#here;
    switch (command) {
      case "help":
        this.help();
        break;
      case "nick":
        if (rest === "") this.#page.self.ask();
        else if (Array.from(rest).length > MAX_NAME) return i18n.text("page.name.hint");
        else this.#page.self.rename(rest);
        break;
      case "join": {
        const room = wantedRoom(rest);
        if (!room) return i18n.text("page.rooms.invalid");
        queueMicrotask(() => this.#page.go(room)); // when the box is empty
        break;
      }
      case "who":
        this.#tellWho();
        break;
      case "me":
        return rest === "" ? i18n.text("page.command.me") : this.#say(rest, "me");
      case "history":
        log.goBack();
        break;
      case "export":
        if (rest === "") this.#askExport();
        else if (isFormat(rest)) this.#export(rest);
        else return i18n.text("page.problem.format");
        break;
      case "clear":
        here.clear();
        break;
      case "qr":
        this.#page.sharing.showCode();
        break;
      case "queue":
        here.tell("page.queue", { Queued: i18n.count("states.queued", here.outbox.size) });
        log.toEnd();
        break;
      case "quit":
        queueMicrotask(() => this.#quit());
    }
    return "";
  }

  help() {
    if (document.querySelector("dialog[open]")) return;
    const sheet = byId("help", HTMLDialogElement);
    sheet.showModal();
    sheet.scrollTop = 0; // the button below has the focus
  }

  listen() {
    byId("export-button", HTMLElement).addEventListener("click", () => this.#askExport());
    const dialog = byId("export", HTMLDialogElement);
    dialog.addEventListener("close", () => {
      if (isFormat(dialog.returnValue)) this.#export(dialog.returnValue);
      dialog.returnValue = "";
    });
    for (const button of document.querySelectorAll("[data-close]")) {
      button.addEventListener("click", () => button.closest("dialog")?.close());
    }
  }

  /** @param {import("./message.js").Action} action @param {Said} item */
  act = (action, item) => {
    const text = textOf(item) ?? "";
    if (action === "resend" && this.#say(text, item.content.event) !== "") return; // no place for it: it stays
    if (action === "edit") this.#page.composer.restore(text);
    this.#here.discard(item);
  };

  /** @param {import("./items.js").Gap} gap */
  fill = (gap) => {
    this.#here.fill(gap);
  };

  older = () => this.#here.older();

  looked = () => this.#here.look();

  /** @returns {import("./status.js").Actions} */
  forStatus() {
    return {
      retry: () => this.#here.room.retry(),
      showQueue: () => this.#page.log.toEnd(),
      discardQueue: () => this.#here.discardAll(),
      fill: () => this.#here.gap && this.#here.fill(this.#here.gap),
      askToken: () => this.#askToken(),
      askName: () => this.#page.self.ask(),
    };
  }

  async #askToken() {
    const { i18n, session, rooms } = this.#page;
    const question = { title: i18n.text("page.token.title"), hint: i18n.text("page.token.hint") };
    const token = await ask({ ...question, max: MAX_TOKEN, secret: true });
    if (!token) return;
    session.set("token", token);
    for (const { room } of rooms.open.values()) room.auth(token);
    this.#here.room.retry();
  }

  #tellWho() {
    const { i18n } = this.#page;
    const { room } = this.#here;
    const names = [...room.members.values()].slice(0, MAX_NAMED).map(({ name }) => `\u2068${visibleName(name)}\u2069`);
    const rest = room.memberCount - names.length;
    if (rest > 0) names.push(i18n.count("page.others", rest));
    const listed = new Intl.ListFormat(i18n.language).format(names);
    this.#here.tell("page.who", { Count: i18n.number(room.memberCount), Names: listed });
    this.#page.panels.open("people");
  }

  #askExport() {
    this.#page.panels.close();
    if (!document.querySelector("dialog[open]")) byId("export", HTMLDialogElement).showModal();
  }

  /** @param {Format} format */
  #export(format) {
    const { items, pending, name } = this.#here;
    const said = [...items, ...pending].filter((item) => item.kind === "message");
    download({ room: name, address: this.#page.sharing.link, items: said }, format);
  }

  #quit() {
    const { rooms } = this.#page;
    const { name } = this.#here;
    const next = rooms.known.find((room) => room.name !== name && room.pinned)?.name ?? LOBBY;
    if (name === next) return;
    this.#page.go(next);
    rooms.forget(name);
    this.#page.list.render();
  }
}

/** @param {string} text @returns {text is Format} */
function isFormat(text) {
  return /** @type {readonly string[]} */ (FORMATS).includes(text);
}
