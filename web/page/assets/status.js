// @ts-check
// Tells the state of the connection: on <html data-state>, in the pill, in the banner, and in a card when refused.

import { byId } from "./dom.js";

/** @typedef {import("./i18n.js").I18n} I18n */
/** @typedef {import("./socket.js").Status} Status */

const PATIENCE_MS = 1000; // a first connection that comes up within this needs no words
const GOOD_NEWS_MS = 3000; // how long "reconnected" stays
const COUNTED_MS = 5000; // shorter waits are not counted down

export class StatusView {
  #i18n;
  #address;
  #pillText = byId("pill-text", HTMLElement);
  #pillQueue = byId("pill-queue", HTMLElement);
  #banner = byId("banner", HTMLElement);
  #text = byId("banner-text", HTMLElement);
  #retry = byId("banner-retry", HTMLButtonElement);
  #show = byId("queue-show", HTMLButtonElement);
  #discard = byId("queue-discard", HTMLButtonElement);
  #card = byId("refused", HTMLElement);
  #announcer = byId("announcer", HTMLElement);
  /** @type {Status} */
  #status = { state: "connecting", retryAt: null, wait: 0, code: 0 };
  #queued = 0;
  #sent = 0; // from the queue, at the last reconnection
  #since = Date.now();
  #recovered = false;

  /**
   * @param {I18n} i18n
   * @param {string} address of the server, as people know it
   * @param {{retry: () => void, showQueue: () => void, discardQueue: () => void}} actions
   */
  constructor(i18n, address, actions) {
    this.#i18n = i18n;
    this.#address = address;
    this.#retry.addEventListener("click", actions.retry);
    this.#show.addEventListener("click", actions.showQueue);
    this.#discard.addEventListener("click", actions.discardQueue);
    byId("refused-retry", HTMLButtonElement).addEventListener("click", actions.retry);
    window.setInterval(() => this.render(), 500);
  }

  /** @param {Status} status */
  update(status) {
    const before = this.#status.state;
    this.#status = status;
    if (status.state !== before) {
      this.#recovered = status.state === "connected" && before !== "connecting";
      this.#since = Date.now();
      this.#sent = 0;
      document.documentElement.dataset.state = status.state;
      this.#announce();
    }
    this.render();
  }

  /**
   * How many messages wait, and how many the reconnection has just sent.
   * @param {number} queued
   * @param {number} [sent]
   */
  queue(queued, sent = 0) {
    this.#queued = queued;
    this.#sent += sent;
    this.render();
  }

  /** Writes everything anew: time has passed, or the language is another. */
  render() {
    const { state } = this.#status;
    const queued = this.#queued > 0 ? this.#i18n.count("states.queued", this.#queued) : "";
    write(this.#pillText, this.#i18n.text(`states.${state}`));
    write(this.#pillQueue, state === "offline" ? queued : "");
    const text = this.#bannerText(queued);
    this.#banner.hidden = text === "";
    this.#banner.dataset.tone = state === "connected" ? "good" : "";
    write(this.#text, text);
    this.#retry.hidden = this.#status.retryAt === null || state !== "reconnecting";
    this.#show.hidden = this.#discard.hidden = state !== "offline" || this.#queued === 0;
    this.#card.hidden = state !== "refused";
    if (state === "refused") this.#renderCard();
  }

  /** @param {string} queued */
  #bannerText(queued) {
    const { state, retryAt, wait } = this.#status;
    const age = Date.now() - this.#since;
    if (state === "connecting" && age >= PATIENCE_MS) {
      return joined(this.#i18n.text("states.connecting.banner", { Address: this.#address }), queued);
    }
    if (state === "connected" && this.#recovered && age < GOOD_NEWS_MS) {
      const sent = this.#sent > 0 ? this.#i18n.count("states.sent", this.#sent) : "";
      return joined(this.#i18n.text("states.reconnected"), sent);
    }
    if (state === "reconnecting") {
      if (retryAt === null || wait < COUNTED_MS) return joined(this.#i18n.text("states.reconnecting.banner"), queued);
      const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
      return joined(this.#i18n.text("states.reconnecting.wait", { Seconds: seconds }), queued);
    }
    if (state !== "offline") return "";
    if (this.#queued === 0) return this.#i18n.text("states.offline.banner");
    return this.#i18n.count("states.offline.queued", this.#queued);
  }

  #renderCard() {
    const { code } = this.#status;
    const known = this.#i18n.has(`states.refused.${code}`);
    const [title, hint] = known
      ? [`states.refused.${code}`, `states.refused.${code}.hint`]
      : ["states.refused.title", "states.refused.hint"];
    write(byId("refused-title", HTMLElement), this.#i18n.text(title));
    write(byId("refused-hint", HTMLElement), this.#i18n.text(hint, { Code: code }));
  }

  /** Says a change of state once to those who listen to the page; the passing seconds are not said. */
  #announce() {
    const { state } = this.#status;
    const id = { connecting: "", connected: "states.connected", reconnecting: "states.reconnecting.banner" }[
      /** @type {string} */ (state)
    ];
    write(this.#announcer, id === "" ? "" : this.#i18n.text(id ?? `states.${state}`));
  }
}

/** @param {...string} parts */
function joined(...parts) {
  return parts.filter((part) => part !== "").join(" · ");
}

/**
 * Leaves an unchanged text alone, so that nobody is told of it twice.
 * @param {HTMLElement} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
