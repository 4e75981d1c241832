// @ts-check
// A clock that a test turns by hand, and a WebSocket that does what it is told.

export class Clock {
  #now = 1_000_000;
  /** @type {{at: number, run: () => void}[]} */
  #timers = [];

  now = () => this.#now;

  /** @param {() => void} run @param {number} ms */
  after = (run, ms) => {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return timer;
  };

  /** @param {any} timer */
  cancel = (timer) => {
    this.#timers = this.#timers.filter((other) => other !== timer);
  };

  get timers() {
    return this.#timers.length;
  }

  /** @param {number} ms */
  pass(ms) {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.cancel(due);
      this.#now = due.at;
      due.run();
    }
    this.#now = end;
  }
}

export class FakeSocket {
  readyState = 0;
  bufferedAmount = 0;
  binaryType = "";
  /** @type {string[]} */
  sent = [];
  closed = false;
  /** @type {(() => void) | null} */
  onopen = null;
  /** @type {((event: {data: unknown}) => void) | null} */
  onmessage = null;
  /** @type {((event: {code: number, wasClean: boolean}) => void) | null} */
  onclose = null;

  /** @param {string} text */
  send(text) {
    this.sent.push(text);
  }

  close() {
    this.closed = true;
  }

  open() {
    this.readyState = 1;
    this.onopen?.();
  }

  /** @param {number} code */
  end(code) {
    this.readyState = 3;
    this.onclose?.({ code, wasClean: code !== 1006 });
  }
}
