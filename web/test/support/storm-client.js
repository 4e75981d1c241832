// @ts-check
// Many clients of recado.js in one process, for the storm of internal/storm: they speak once in a while, come back
// when they are cut off, and log on stdout what happens to them, in the words of the package storm. An event without a
// client is about the process. The first line on stdin says who they are; the second one lets them fall silent.

import { once } from "node:events";
import { createInterface } from "node:readline";
import WebSocket from "ws";
import { connect } from "../../recado.js";

/** @typedef {{name: string, room: string, url: string}} Who */
/** @typedef {import("../../recado.types.d.ts").Content} Content */

const RETRY_MS = 200; // at most: a storm does not wait as long as people can
const BUSY = 20; // messages under way: it had better not say more

/** @param {object} event */
const log = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

/** @param {number} n */
const random = (n) => Math.floor(Math.random() * n);

/** @param {string} name @param {number} n @returns {Content} */
function speech(name, n) {
  const pad = "ação 👋 ".repeat(random(12));
  const kind = random(4);
  if (kind === 0) return { bytes: Buffer.concat([Buffer.from(`${name}/${n}`), Buffer.of(0, 255), Buffer.from(pad)]) };
  if (kind === 1) return { json: { from: name, n, pad: [pad, null, true] } };
  return { text: `${name}/${n} ${pad}` };
}

/** @param {Content & {base64?: string}} content of an event or of a frame */
function logged({ text, json, bytes, base64 }) {
  if (bytes) base64 = Buffer.from(bytes).toString("base64");
  if (base64 !== undefined) return { kind: "binary", data: base64 };
  if (text !== undefined) return { kind: "text", data: Buffer.from(text).toString("base64") };
  return { kind: "json", data: Buffer.from(JSON.stringify(json)).toString("base64") };
}

class Client {
  said = 0;
  /** @type {Map<string, string>} */ idsBySpeech = new Map();
  /** @type {Map<string, string>} */ idsByWire = new Map();
  /** @type {any} the last frame of this type */ welcome;

  /** @param {Who} who @param {string} last begins the last words of all */
  constructor({ name, room, url }, last) {
    this.name = name;
    this.last = last;
    this.log({ do: "join", room });
    this.room = connect(url, { name, WebSocket: this.tapped() });
    this.room.on("*", (event) => this.take(event));
  }

  /** @param {object} event */
  log(event) {
    log({ client: this.name, ...event });
  }

  /** A WebSocket that tells what the room's events do not: a welcome's position, and the id of a message. */
  tapped() {
    const client = this;
    return class extends WebSocket {
      /** @param {string} url @param {string} protocol */
      constructor(url, protocol) {
        super(url, protocol);
        this.on("message", (data) => {
          const text = String(data);
          if (text.startsWith('{"type":"welcome"')) client.welcome = JSON.parse(text);
        });
      }

      /** @override @param {string} text */
      send(text) {
        const frame = JSON.parse(text);
        if (frame.type === "publish") client.idsByWire.set(frame.id, client.idsBySpeech.get(logged(frame).data) ?? "?");
        super.send(text);
      }
    };
  }

  say() {
    if (this.room.outboxSize > BUSY) return;
    const content = speech(this.name, ++this.said);
    const id = `${this.said}`;
    const { kind, data } = logged(content);
    this.idsBySpeech.set(data, id);
    this.log({ do: "send", id, kind, data });
    this.room.publish(content).catch(({ code }) => {
      this.log({ do: "lost", id, reason: code === "uncertain" ? code : "unsent", error: code });
    });
  }

  /** @param {any} event */
  take(event) {
    const { type, seq, prev } = event;
    if (type === "message") {
      this.log({ do: type, member: event.from.id, seq, prev, ...logged(event) });
      if (event.text?.startsWith(this.last)) {
        this.log({ do: "done" });
        this.room.close();
      }
    } else if (type === "ack") {
      this.log({ do: type, id: this.idsByWire.get(event.id) ?? event.id, seq, prev, duplicate: event.duplicate });
    } else if (type === "gap") {
      const { from, to, missed, reason, position } = event;
      this.log({ do: type, from, to, missed, reason, position });
    } else if (type === "state") this.become(event);
    else if (type === "error") log({ do: "error", error: `${this.name}: ${event.code}` });
  }

  /** @param {any} event */
  become({ state, recovered, replay, wait, code, reason }) {
    if (state === "refused" || code === 4000) log({ do: "error", error: `${this.name}: ${state} ${code} ${reason}` });
    if (state === "connected") {
      const { you, position } = this.welcome;
      this.log({ do: "welcome", member: you.id, position, recovered, replay });
    } else if (state === "reconnecting" && wait > 0) {
      this.log({ do: "close", error: `${code} ${reason}` });
      setTimeout(() => this.room.retry(), random(RETRY_MS));
    }
  }
}

const orders = createInterface({ input: process.stdin });
const [first] = await once(orders, "line");
/** @type {{clients: Who[], pause: number, last: string}} */
const { clients: everybody, pause, last } = JSON.parse(first);
const clients = everybody.map((who) => new Client(who, last));
const talk = clients.map((client) => setInterval(() => random(2) && client.say(), pause / 2));
await once(orders, "line");
for (const timer of talk) clearInterval(timer);
const settled = setInterval(() => {
  if (clients.some((client) => client.room.outboxSize)) return;
  clearInterval(settled);
  log({ do: "settled" });
}, 20);
