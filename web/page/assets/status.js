// @ts-check
// Tells the state of the room's connection: on <html data-state>, in the pill, in the banner, and in a card when refused.

import { byId } from "./dom.js";
import { stateOf } from "./state.js";

/** @typedef {import("./i18n.js").I18n} I18n */
/** @typedef {import("./conversation.js").Conversation} Conversation */

/**
 * @typedef {object} Actions
 * @property {() => void} retry
 * @property {() => void} showQueue
 * @property {() => void} discardQueue
 * @property {() => void} fill
 * @property {() => void} askToken
 * @property {() => void} askName
 */

const PATIENCE_MS = 1000; // a first connection that comes up within this needs no words
const GOOD_NEWS_MS = 3000; // how long "reconnected" stays
const COUNTED_MS = 5000; // shorter waits are not counted down
const TICK_MS = 500;
const WITHOUT_LOGIN = [4500, 4501, 4502];

export class StatusView {
  #i18n;
  #address;
  #local;
  #pillText = byId("pill-text", HTMLElement);
  #pillMore = byId("pill-more", HTMLElement);
  #banner = byId("banner", HTMLElement);
  #text = byId("banner-text", HTMLElement);
  #announcer = byId("announcer", HTMLElement);
  /** @type {Conversation | null} */ #shown = null;
  #state = "connecting";

  /**
   * @param {I18n} i18n
   * @param {{address: string, local: boolean}} server as people know it; local: it is there without any network
   * @param {Actions} actions
   */
  constructor(i18n, { address, local }, actions) {
    this.#i18n = i18n;
    this.#address = address;
    this.#local = local;
    /** @type {[string, () => void][]} */
    const buttons = [
      ["banner-retry", actions.retry],
      ["queue-show", actions.showQueue],
      ["queue-discard", actions.discardQueue],
      ["gap-load", actions.fill],
      ["gap-close", () => this.#closeGap()],
      ["refused-retry", actions.retry],
      ["refused-token", actions.askToken],
      ["refused-name", actions.askName],
    ];
    for (const [id, act] of buttons) byId(id, HTMLButtonElement).addEventListener("click", act);
    window.setInterval(() => this.render(), TICK_MS);
    for (const name of ["online", "offline"]) window.addEventListener(name, () => this.render());
  }

  /** @param {Conversation} conversation */
  show(conversation) {
    this.#shown = conversation;
    this.#state = this.#now(conversation);
    this.render();
  }

  /** Writes everything anew: something has changed, time has passed, or the language is another. */
  render() {
    const shown = this.#shown;
    if (!shown) return;
    const state = this.#now(shown);
    if (state !== this.#state) {
      this.#state = state;
      this.#announce(shown);
    }
    document.documentElement.dataset.state = state;
    const { size, waiting } = shown.outbox;
    const queued = size > 0 ? this.#i18n.count("states.queued", size) : "";
    write(this.#pillText, this.#i18n.text(`states.${state}`));
    write(this.#pillMore, state === "offline" ? queued : this.#latency(shown));
    const text = this.#bannerText(shown, queued);
    this.#banner.hidden = text === "";
    this.#banner.dataset.tone = state === "connected" ? "good" : "";
    write(this.#text, text);
    const trying = shown.status.wait === 0;
    byId("banner-retry", HTMLElement).hidden = state !== "reconnecting" || trying;
    byId("queue-show", HTMLElement).hidden = state !== "offline" || size === 0;
    byId("queue-discard", HTMLElement).hidden = state !== "offline" || waiting === 0;
    byId("gap-load", HTMLElement).hidden = state !== "behind" || shown.gap?.lost !== false;
    byId("gap-close", HTMLElement).hidden = state !== "behind";
    byId("refused", HTMLElement).hidden = state !== "refused";
    if (state === "refused") this.#renderCard(shown);
  }

  /** @param {Conversation} shown */
  #now(shown) {
    return stateOf(shown, navigator.onLine || this.#local, Date.now());
  }

  #closeGap() {
    if (this.#shown) this.#shown.gap = null;
    this.render();
  }

  /** @param {Conversation} shown */
  #latency({ room }) {
    if (this.#state !== "connected" || room.latency === undefined) return "";
    return `${this.#i18n.number(room.latency)} ms`;
  }

  /** @param {Conversation} shown @param {string} queued */
  #bannerText(shown, queued) {
    const i18n = this.#i18n;
    const age = Date.now() - shown.since;
    switch (this.#state) {
      case "connecting":
        if (age < PATIENCE_MS) return "";
        return joined(" · ", i18n.text("states.connecting.banner", { Address: this.#address }), queued);
      case "connected":
        return shown.regained.is && age < GOOD_NEWS_MS ? this.#regained(shown) : "";
      case "reconnecting": {
        const { wait = 0 } = shown.status;
        const seconds = Math.max(1, Math.ceil((shown.statusAt + wait - Date.now()) / 1000));
        const counted = wait >= COUNTED_MS;
        const text = counted ? i18n.text("states.reconnecting.wait", { Seconds: seconds }) : "";
        return joined(" · ", text || i18n.text("states.reconnecting.banner"), queued);
      }
      case "offline":
        if (shown.outbox.size === 0) return i18n.text("states.offline.banner");
        return i18n.count("states.offline.queued", shown.outbox.size);
      case "limited": {
        const seconds = Math.max(1, Math.ceil((shown.limitedUntil - Date.now()) / 1000));
        return i18n.text("states.limited.banner", { Seconds: seconds });
      }
      case "behind": {
        const { missed } = shown.gap ?? {};
        return missed === undefined ? i18n.text("page.gap") : i18n.count("states.behind.banner", missed);
      }
      case "draining":
        return i18n.text("states.draining.banner");
    }
    return "";
  }

  /** @param {Conversation} shown */
  #regained({ regained: { sent, received } }) {
    const parts = [
      sent > 0 ? this.#i18n.count("states.sent", sent) : "",
      received > 0 ? this.#i18n.count("states.received", received) : "",
    ];
    return joined(" · ", this.#i18n.text("states.reconnected"), joined(", ", ...parts));
  }

  /** @param {Conversation} shown */
  #renderCard({ status: { code = 0, reason = "" } }) {
    const nameless = reason === "name_invalid";
    const key = nameless ? reason : String(code);
    const known = this.#i18n.has(`states.refused.${key}`);
    write(byId("refused-title", HTMLElement), this.#i18n.text(`states.refused.${known ? key : "title"}`));
    const hint = this.#i18n.text(`states.refused.${known ? `${key}.` : ""}hint`, { Code: code, Reason: reason || "–" });
    write(byId("refused-hint", HTMLElement), hint);
    const tokenless = WITHOUT_LOGIN.includes(code);
    byId("refused-token", HTMLElement).hidden = !tokenless;
    byId("refused-name", HTMLElement).hidden = !nameless;
    byId("refused-retry", HTMLElement).className = tokenless || nameless ? "outlined" : "filled";
  }

  /** Says a change of state once to those who listen to the page; the passing seconds are not said. @param {Conversation} shown */
  #announce(shown) {
    const id = { connected: "states.connected", reconnecting: "states.reconnecting.banner" }[this.#state];
    let text = id ? this.#i18n.text(id) : this.#bannerText(shown, "") || this.#i18n.text(`states.${this.#state}`);
    if (this.#state === "connecting") text = "";
    write(this.#announcer, text);
  }
}

/** @param {string} sign @param {...string} parts */
function joined(sign, ...parts) {
  return parts.filter((part) => part !== "").join(sign);
}

/**
 * Leaves an unchanged text alone, so that nobody is told of it twice.
 * @param {HTMLElement} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
