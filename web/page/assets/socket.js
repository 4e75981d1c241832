// @ts-check
// Keeps a WebSocket connection alive: connects, notices the end, waits, connects again.
// It knows no DOM and no messages; the clock, the dice and the WebSocket itself are given to it.

import { backoff, isRefusal, STABLE_MS } from "./backoff.js";

export const CONNECT_MS = 10_000; // an attempt without an answer is given up after this

/** @typedef {"connecting" | "connected" | "reconnecting" | "offline" | "refused"} State */

/**
 * @typedef {object} Status
 * @property {State} state
 * @property {number | null} retryAt when the next attempt begins; null while one is under way or none will be
 * @property {number} wait the whole wait before that attempt, in ms
 * @property {number} code the close code of a refusal, else 0
 */

/**
 * @typedef {object} Ending
 * @property {number} code
 * @property {boolean} clean both sides took leave
 * @property {number} buffered bytes given to send that never left
 */

/**
 * @typedef {object} Listener
 * @property {(status: Status) => void} status
 * @property {() => void} open
 * @property {(data: string | ArrayBuffer) => void} message
 * @property {(ending: Ending) => void} close of a connection that had been open
 */

/**
 * @typedef {object} Environment what differs between a browser and a test
 * @property {(url: string) => WebSocket} connect
 * @property {() => number} now in ms
 * @property {() => number} random in [0, 1)
 * @property {() => boolean} online
 * @property {(run: () => void, ms: number) => unknown} after
 * @property {(timer: any) => void} cancel
 */

/** @type {Environment} */
export const browser = {
  connect: (url) => new WebSocket(url),
  now: () => Date.now(),
  random: () => Math.random(),
  online: () => navigator.onLine,
  after: (run, ms) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer),
};

export class Connection {
  #url;
  #listener;
  #env;
  /** @type {WebSocket | null} */
  #socket = null;
  #open = false;
  #openedAt = 0;
  #failures = 0;
  #failed = false; // since the start, or since a person asked again after a refusal
  #code = 0;
  /** @type {unknown} */
  #timer = null;
  /** @type {number | null} */
  #retryAt = null;
  #wait = 0;

  /**
   * @param {string} url
   * @param {Listener} listener
   * @param {Environment} [env]
   */
  constructor(url, listener, env = browser) {
    this.#url = url;
    this.#listener = listener;
    this.#env = env;
  }

  /** Bytes given to send that have not left yet. */
  get buffered() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** @returns {Status} */
  get status() {
    return { state: this.#state(), retryAt: this.#retryAt, wait: this.#wait, code: this.#code };
  }

  /** Connects now: at the start, when a person asks for it, and when there is reason to hope. */
  retry() {
    if (this.#socket) return; // connected, or an attempt is under way
    if (this.#code) {
      this.#code = 0;
      this.#failed = false;
      this.#failures = 0;
    }
    this.#attempt();
  }

  /** Like retry, unless the server has refused: only a person may ask again then. */
  hope() {
    if (!this.#code) this.retry();
  }

  /** Says the status again after the environment's `online` has changed. */
  refresh() {
    this.#listener.status(this.status);
  }

  /**
   * Hands text to the connection; false when there is none.
   * @param {string} text
   */
  send(text) {
    if (!this.#open || this.#socket?.readyState !== 1) return false;
    this.#socket.send(text);
    return true;
  }

  /** @returns {State} */
  #state() {
    if (this.#code) return "refused";
    if (this.#open) return "connected";
    if (!this.#failed) return "connecting";
    return this.#env.online() ? "reconnecting" : "offline";
  }

  #attempt() {
    this.#env.cancel(this.#timer);
    this.#retryAt = null;
    /** @type {WebSocket} */
    let socket;
    try {
      socket = this.#env.connect(this.#url);
    } catch {
      this.#ended(null, { code: 1006, clean: false, buffered: 0 });
      return;
    }
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => this.#listener.message(event.data);
    socket.onclose = (event) =>
      this.#ended(socket, { code: event.code, clean: event.wasClean, buffered: socket.bufferedAmount });
    this.#timer = this.#env.after(() => this.#abandon(socket), CONNECT_MS);
    this.refresh();
  }

  /** @param {WebSocket} socket */
  #opened(socket) {
    if (socket !== this.#socket) return;
    this.#env.cancel(this.#timer);
    this.#open = true;
    this.#openedAt = this.#env.now();
    this.refresh();
    this.#listener.open();
  }

  /** @param {WebSocket} socket */
  #abandon(socket) {
    if (socket !== this.#socket || this.#open) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#ended(socket, { code: 1006, clean: false, buffered: 0 });
  }

  /**
   * @param {WebSocket | null} socket
   * @param {Ending} ending
   */
  #ended(socket, ending) {
    if (socket !== this.#socket) return;
    this.#env.cancel(this.#timer);
    const wasOpen = this.#open;
    if (wasOpen && this.#env.now() - this.#openedAt >= STABLE_MS) this.#failures = 0;
    this.#socket = null;
    this.#open = false;
    this.#failed = true;
    if (wasOpen) this.#listener.close(ending);
    if (isRefusal(ending.code)) {
      this.#code = ending.code;
    } else {
      this.#failures++;
      this.#wait = backoff(this.#failures, this.#env.random());
      this.#retryAt = this.#env.now() + this.#wait;
      this.#timer = this.#env.after(() => this.#attempt(), this.#wait);
    }
    this.refresh();
  }
}
