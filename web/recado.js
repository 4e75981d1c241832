// @ts-check
// The client of recado.v1: recado.types.d.ts says what it offers, docs/javascript.md how to use it.

/** @import { AnyEvent, Content, Member, Options, Room, State } from "./recado.types.d.ts" */

const PROTOCOL = "recado.v1";
const BASE_MS = 500;
const CAP_MS = 30_000;
const STABLE_MS = 10_000; // a connection that lived this long makes earlier failures forgotten
const ANSWER_MS = 10_000; // for a welcome, and for a pong
const FAREWELL_MS = 1_000; // for the answer to a close
const HINT_MS = 300_000; // no server keeps its clients away for longer
const AGE_MS = 600_000; // less than a server remembers ids
const KEPT = 50;
const UNREAD = 10_000;
const OVER = ["closed", "refused"];
const CHANGES = ["join", "leave", "rename", "count"];

/** The code is the server's, or one of those in docs/javascript.md. */
export class RecadoError extends Error {
  /** @param {string} code @param {string} [message] */ constructor(code, message = code) {
    super(message);
    this.name = "RecadoError";
    this.code = code;
  }
}

class Connection {
  /** @type {State} */ state = "connecting";
  /** @type {Member | undefined} */ you;
  /** @type {string | undefined} */ session;
  /** @type {Map<string, Member>} */ members = new Map();
  memberCount = 0;
  /** @type {number | undefined} */ latency;
  /** @type {any} */ limits = {};

  #hello;
  #Socket;
  /** @type {any} */ #socket;
  /** @type {any} the one thing that it waits for */ #timer;
  #welcomed = 0; // when; 0 without a connection
  #silence = 0;
  #pinged = 0;
  #failures = 0;
  /** @type {number | undefined} */ #hint;
  #patient = false; // the server's hint holds
  /** @type {string | undefined} */ #epoch;
  #last = 0;
  #replay = 0; // stored frames that come before the new ones
  #mayGap = false; // as the first of them
  #ids = 0;
  #prefix = Math.random().toString(36).slice(2);
  /** @type {Map<string, any>} by id, in order */ #unanswered = new Map();
  /** @type {Set<any>} */ #handlers = new Set();
  #over = new AbortController();
  /** @type {Promise<void> | undefined} */ #closed;
  #gone = () => {};

  /** @param {string | URL} url @param {Options} [options] */ constructor(url, options = {}) {
    const address = new URL(url, globalThis.location?.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.hash = "";
    this.url = address.href;
    const { WebSocket = globalThis.WebSocket, signal, session, since, ...hello } = options;
    if (!WebSocket) throw new RecadoError("no_websocket", "no global WebSocket: give one as an option");
    this.#Socket = WebSocket;
    this.#hello = hello;
    this.session = session;
    if (since) this.#goTo(since);
    const until = { signal: this.#over.signal };
    const page = globalThis.document;
    globalThis.addEventListener?.("online", () => this.#hope(), until);
    page?.addEventListener("visibilitychange", () => page.hidden || this.#hope(), until);
    signal?.addEventListener("abort", () => this.close(), until);
    if (signal?.aborted) this.close();
    else this.#attempt();
  }

  get position() {
    return this.#epoch && `${this.#epoch}.${this.#last}`;
  }

  get outboxSize() {
    return [...this.#unanswered.values()].filter((entry) => !entry.asks).length;
  }

  /** @param {string} type @param {(event: any) => void} handler */ on(type, handler) {
    const pair = { type, handler };
    this.#handlers.add(pair);
    return () => this.#handlers.delete(pair);
  }

  async *[Symbol.asyncIterator]() {
    /** @type {AnyEvent[]} */
    const unread = [];
    /** @type {(value?: any) => void} */
    let wake = () => {};
    const off = this.on("*", (event) => {
      if (unread.push(event) > UNREAD) off();
      wake();
    });
    try {
      while (unread.length || !OVER.includes(this.state)) {
        if (unread.length > UNREAD) throw new RecadoError("behind");
        const event = unread.shift();
        if (event) yield event;
        else
          await new Promise((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      off();
    }
  }

  /** @param {string | Content} content */ publish(content) {
    const { bytes, ...rest } = typeof content === "string" ? { text: content } : content;
    const binary = bytes && Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    const size = bytes?.length ?? new TextEncoder().encode(rest.text ?? JSON.stringify(rest.json)).length;
    return this.#ask({ type: "publish", ...rest, base64: binary && btoa(binary) }, size);
  }

  /** @param {object} [range] */ history(range) {
    return this.#ask({ type: "history", ...range }, 0);
  }

  /** @param {string} name */ rename(name) {
    this.#hello.name = name;
    this.#send({ type: "rename", name });
  }

  /** @param {string} token */ auth(token) {
    this.#hello.token = token;
    this.#send({ type: "auth", token });
  }

  retry() {
    if (this.#socket || this.state === "closed") return;
    if (this.state === "refused") this.#failures = 0;
    this.#attempt();
  }

  close() {
    this.#closed ??= new Promise((resolve) => {
      this.#gone = resolve;
      this.#over.abort();
      clearTimeout(this.#timer);
      this.#end("closed");
      if (this.#socket) this.#leave(1000, "");
      else resolve();
    });
    return this.#closed;
  }

  /** @param {any} event */ #emit(event) {
    for (const { type, handler } of this.#handlers) {
      if (type === "*" || type === event.type) queueMicrotask(() => handler(event)); // not in the midst of anything
    }
  }

  /** @param {State} state @param {object} [detail] */ #become(state, detail) {
    this.state = state;
    this.#emit({ type: "state", state, ...detail });
  }

  /** @param {"closed" | "refused"} state @param {object} [detail] */ #end(state, detail) {
    for (const id of this.#unanswered.keys()) this.#fail(id, state);
    this.#become(state, detail);
  }

  /** @param {() => void} run @param {number} ms */ #later(run, ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, ms);
  }

  /** @param {object | string} frame @returns {boolean} whether it was written */ #send(frame) {
    if (!this.#welcomed || this.#socket.readyState !== 1) return false;
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
    return true;
  }

  /** @param {any} frame @param {number} bytes @returns {Promise<any>} */ #ask(frame, bytes) {
    const promise = new Promise((resolve, reject) => {
      const id = this.#prefix + (++this.#ids).toString(36);
      if (OVER.includes(this.state)) throw new RecadoError(this.state);
      if (frame.ephemeral) {
        if (bytes > this.limits.message_bytes) throw new RecadoError("message_too_big");
        if (this.#replay || !this.#send({ ...frame, id })) throw new RecadoError("dropped");
        return resolve(undefined);
      }
      if (this.#unanswered.size >= KEPT) throw new RecadoError("outbox_full");
      const timer = setTimeout(() => this.#fail(id, "expired"), AGE_MS);
      const entry = { frame: JSON.stringify({ ...frame, id }), bytes, asks: frame.type === "history" };
      this.#unanswered.set(id, { ...entry, resolve, reject, timer });
      this.#flush();
    });
    promise.catch(() => {});
    return promise;
  }

  /** Writes what this connection has not been given yet, when it is time. */ #flush() {
    if (!this.#welcomed || this.#replay) return;
    for (const [id, entry] of this.#unanswered) {
      if (entry.socket === this.#socket) continue;
      if (entry.bytes > this.limits.message_bytes) this.#fail(id, "message_too_big");
      else if (this.#send(entry.frame)) {
        entry.socket = this.#socket;
        if (!entry.asks) entry.epoch = this.#epoch;
      }
    }
  }

  /** @param {string} id */ #take(id) {
    const entry = this.#unanswered.get(id);
    clearTimeout(entry?.timer);
    this.#unanswered.delete(id);
    return entry;
  }

  /** @param {string} id @param {string} code */ #fail(id, code) {
    const entry = this.#take(id);
    entry?.reject(new RecadoError(entry.epoch ? "uncertain" : code)); // what was written may have arrived
  }

  /** The server recognises ids of this epoch only. @param {string | undefined} epoch */ #doubt(epoch) {
    for (const [id, entry] of this.#unanswered) {
      if (entry.epoch && entry.epoch !== epoch) this.#fail(id, "uncertain");
    }
  }

  #attempt() {
    let trouble = "";
    try {
      const socket = new this.#Socket(this.url, PROTOCOL);
      this.#socket = socket;
      socket.onopen = () => {
        if (socket.protocol !== PROTOCOL) return this.#leave(4504, "no_recado");
        socket.send(JSON.stringify({ type: "hello", ...this.#hello, session: this.session, since: this.position }));
      };
      socket.onmessage = (/** @type {any} */ { data }) => this.#receive(data);
      socket.onerror = (/** @type {any} */ { message = "" }) => {
        trouble = message; // the module ws tells the status, a browser does not
      };
      socket.onclose = (/** @type {any} */ { code, reason }) =>
        this.#lost(Number(/response: (\d+)/.exec(trouble)?.[1] ?? code), reason || trouble);
      this.#later(() => this.#leave(4004, "no_welcome"), ANSWER_MS);
      this.#down({ wait: 0 });
    } catch (error) {
      this.#lost(1006, String(error));
    }
  }

  /** @param {number} code @param {string} reason */ #leave(code, reason) {
    const socket = this.#socket;
    const gone = () => {
      socket.onclose = null;
      this.#lost(code, reason);
    };
    socket.onopen = socket.onmessage = null;
    socket.onclose = gone;
    this.#later(() => {
      gone();
      socket.terminate?.(); // the module ws would wait for half a minute
    }, FAREWELL_MS);
    socket.close(code, reason);
  }

  /** @param {number} code @param {string} reason */ #lost(code, reason) {
    clearTimeout(this.#timer);
    this.#socket = undefined;
    if (this.state === "closed") return this.#gone();
    if (this.#welcomed && Date.now() - this.#welcomed >= STABLE_MS) this.#failures = 0;
    this.#welcomed = 0;
    if (code === 4003) this.session = undefined; // another client has it now
    this.#doubt(this.session && this.#epoch);
    const wait = this.#hint ?? Math.round(Math.random() * Math.min(CAP_MS, BASE_MS * 2 ** this.#failures));
    this.#patient = this.#hint !== undefined;
    this.#hint = undefined;
    const refused = (code >= 4500 && code <= 4506) || (code >= 400 && code < 500 && ![408, 425, 429].includes(code));
    if (refused) return this.#end("refused", { code, reason });
    this.#failures++;
    this.#later(() => this.#attempt(), wait);
    this.#down({ wait, code, reason });
  }

  /** @param {object} detail */ #down(detail) {
    const state = globalThis.navigator?.onLine === false ? "offline" : "reconnecting";
    this.#become(this.#failures ? state : "connecting", { attempt: this.#failures, ...detail });
  }

  /** The network may have changed. */ #hope() {
    if (this.#socket?.readyState === 1) this.#ping();
    else if (!OVER.includes(this.state) && !this.#patient) this.retry();
  }

  #ping() {
    this.#pinged = Date.now();
    this.#send({ type: "ping" });
    this.#later(() => this.#leave(4004, "silent"), ANSWER_MS);
  }

  /** @param {unknown} data */ #receive(data) {
    let frame;
    try {
      frame = JSON.parse(String(data));
    } catch {
      return; // some other server
    }
    if (this.#welcomed) {
      this.#later(() => this.#ping(), this.#silence);
      this.#handle(frame);
    } else if (frame?.type === "welcome") this.#welcome(frame);
    else if (frame?.type === "error") this.#leave(4504, frame.code); // the same hello again would not help
  }

  /** @param {any} frame */ #welcome(frame) {
    const { recovered, replay, session, you, limits = {} } = frame;
    this.#welcomed = Date.now();
    this.#silence = ((frame.ping_seconds || 25) + 10) * 1000;
    this.#replay = replay;
    this.#mayGap = !recovered;
    const [epoch] = frame.position.split(".");
    if (recovered || !this.#epoch) this.#goTo(frame.position); // else with the gap: until then nothing is told of it
    this.#doubt(epoch);
    Object.assign(this, { session, you, limits });
    this.#become("connected", { recovered, replay });
    this.#changed(frame);
    this.#ping();
    this.#flush();
  }

  /** @param {string} position */ #goTo(position) {
    const dot = position.lastIndexOf(".");
    this.#epoch = position.slice(0, dot);
    this.#last = Number(position.slice(dot + 1));
  }

  /** @param {any} frame */ #handle(frame) {
    const { type, id, code } = frame;
    if (type === "message" || type === "ack") this.#stored(frame);
    else if (type === "history") {
      frame.messages.forEach(this.#unpack, this);
      const entry = this.#take(id);
      if (entry) entry.resolve(frame);
      else this.#emit(frame);
    } else if (type === "gap") {
      this.#goTo(frame.position);
      this.#emit(frame);
      if (!this.#mayGap) this.#replay = 0; // what is in the gap will not come
      this.#mayGap = false;
      this.#flush();
    } else if (type === "pong") this.latency = Date.now() - this.#pinged;
    else if (type === "drain") {
      this.#hint = Math.min(frame.reconnect_after_ms, HINT_MS);
      this.#become("draining", { wait: this.#hint });
    } else if (code === "rate_limited") this.#emit({ ...frame, type: "limited" });
    else if (type === "error") {
      if (code === "name_invalid") this.#hello.name = this.you?.name; // or the next hello would fail
      const entry = this.#take(id);
      if (entry) entry.reject(new RecadoError(code, frame.message));
      else this.#emit(frame);
    } else if (CHANGES.includes(type)) this.#changed(frame);
  }

  /** @param {any} frame a message or an ack */ #stored(frame) {
    const { type, seq } = frame;
    const chained = !frame.ephemeral && !frame.duplicate;
    const seen = chained && seq <= this.#last;
    if (chained && !seen) {
      if (frame.prev !== this.#last) return this.#leave(4000, "resync"); // something is missing
      this.#last = seq;
      if (this.#replay) this.#replay--;
    }
    this.#unpack(frame);
    if (type === "ack") this.#take(frame.id)?.resolve(frame);
    if (type === "ack" || !seen) this.#emit(frame);
    this.#flush();
  }

  /** @param {any} frame */ #unpack(frame) {
    if (frame.ephemeral) frame.seq = frame.prev = undefined; // it has no place
    const { seq, base64 } = frame;
    if (seq) frame.position = `${this.#epoch}.${seq}`;
    if (base64 !== undefined) frame.bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
    delete frame.base64;
  }

  /** @param {any} frame */ #changed({ type, member, members, member_count }) {
    if (!member) this.members = new Map(members?.map((/** @type {Member} */ m) => [m.id, m]));
    else if (type === "leave") this.members.delete(member.id);
    else this.members.set(member.id, member);
    if (member?.id === this.you?.id) this.you = member;
    this.memberCount = member_count ?? this.members.size;
    this.#emit({ type: "members", change: type, member });
  }
}

/** Joins a room, and stays in it until it is closed. @type {(url: string | URL, options?: Options) => Room} */
export const connect = (url, options) => new Connection(url, options);
