// @ts-check
// What a room's events do to its conversation.

import { said } from "./items.js";
import { isEmpty, note, presence } from "./presence.js";

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("../../recado.types.d.ts").AnyEvent} AnyEvent */
/** @typedef {import("../../recado.types.d.ts").Events} Events */

const TYPING_MS = 6000; // without another sign
const CONDENSE_MS = 10 * 60_000; // comings and goings within this are one line, if nobody speaks
const MAX_LEFT = 10; // who are remembered
const REPLACED = 4003;
const OPEN = ["connected", "draining"];

/** @param {Conversation} conversation @param {AnyEvent} event */
export function take(conversation, event) {
  if (event.type === "message") message(conversation, event);
  else if (event.type === "state") state(conversation, event);
  else if (event.type === "members") members(conversation, event);
  else if (event.type === "history") history(conversation, event);
  else if (event.type === "gap") gap(conversation, event);
  else if (event.type === "ack") conversation.replay--;
  else if (event.type === "error") error(conversation, event);
  else {
    conversation.limitedUntil = Date.now() + event.retry_after_ms;
    conversation.hear("state");
  }
}

/** @param {Conversation} conversation @param {Events["message"]} event */
function message(conversation, event) {
  const { from } = event;
  if (event.ephemeral) {
    if (event.event === "typing") types(conversation, from);
    return; // other programs' signals are no messages
  }
  const item = said(event, conversation.isOwn(from));
  if (conversation.replay-- > 0) conversation.regained.received++;
  if (from.id && conversation.typing.delete(from.id)) conversation.hear("typing");
  if (!item.own) {
    if (conversation.unread === 0) conversation.firstUnread = item;
    conversation.unread++;
  }
  conversation.add(item);
  conversation.hear("unread", item);
}

/** @param {Conversation} conversation @param {{id?: string, name: string}} from */
function types(conversation, { id, name }) {
  if (!id || conversation.isOwn({ id })) return;
  conversation.typing.set(id, { name, until: Date.now() + TYPING_MS });
  conversation.hear("typing");
}

/** @param {Conversation} conversation @param {Events["state"]} event */
function state(conversation, event) {
  const before = conversation.status.state;
  const { you } = conversation.room;
  if (event.state !== before) conversation.since = Date.now();
  if (event.code === REPLACED) conversation.mine.clear(); // a copy of this tab is that member now
  if (event.state === "connected") {
    conversation.regained = { is: before !== "connecting", sent: 0, received: 0 };
    conversation.replay = event.replay ?? 0;
    if (you) conversation.mine.add(you.id);
    for (const item of conversation.pending) if (you) item.from = you;
  }
  if (!OPEN.includes(event.state) && conversation.typing.size > 0) {
    conversation.typing.clear();
    conversation.hear("typing");
  }
  conversation.status = event;
  conversation.statusAt = Date.now();
  conversation.outbox.flush();
  conversation.hear("state");
}

/** @param {Conversation} conversation @param {Events["members"]} event */
function members(conversation, { change, member }) {
  if (member && (change === "join" || change === "leave") && !conversation.isOwn(member)) {
    comes(conversation, change, member);
    if (change === "leave") leaves(conversation, member);
    else conversation.left.delete(member.id);
    if (change === "leave" && conversation.typing.delete(member.id)) conversation.hear("typing");
  }
  conversation.hear("people");
}

/** Remembers the last few. @param {Conversation} conversation @param {{id: string, name: string}} member */
function leaves({ left }, { id, name }) {
  left.delete(id);
  left.set(id, { name, at: Date.now() });
  for (const oldest of left.keys()) if (left.size > MAX_LEFT) left.delete(oldest);
}

/** @param {Conversation} conversation @param {"join" | "leave"} change @param {{id: string, name: string}} member */
function comes(conversation, change, member) {
  const last = conversation.items.at(-1);
  if (last?.kind !== "presence" || Date.now() - last.at > CONDENSE_MS) {
    const line = presence(Date.now());
    note(line, change, member);
    conversation.add(line);
    return;
  }
  note(last, change, member);
  if (isEmpty(last)) conversation.items.pop();
  conversation.hear(isEmpty(last) ? "removed" : "changed", last);
}

/** @param {Conversation} conversation @param {Events["history"]} event what was said before the page was opened */
function history(conversation, { messages, more }) {
  const items = conversation.understand(messages);
  const unseen = items.filter((item) => !item.own && isBehind(item.position, conversation.lastSeen));
  conversation.more = more;
  conversation.prepend(items);
  conversation.firstUnread = unseen[0] ?? conversation.firstUnread;
  conversation.unread += unseen.length;
  conversation.hear("reset");
  conversation.hear("unread");
}

/** @param {string | undefined} position @param {string} seen whether position comes later in the same epoch */
function isBehind(position = "", seen) {
  const dot = seen.lastIndexOf(".") + 1;
  return (
    dot > 0 && position.slice(0, dot) === seen.slice(0, dot) && Number(position.slice(dot)) > Number(seen.slice(dot))
  );
}

/** @param {Conversation} conversation @param {Events["error"]} event */
function error(conversation, { code, id }) {
  if (id !== undefined) return; // about a sign of typing, which is worth no words
  conversation.tell(code === "name_invalid" ? "states.refused.name_invalid" : "page.error", { Code: code });
}

/** @param {Conversation} conversation @param {Events["gap"]} event */
function gap(conversation, { reason, position, from, to, missed }) {
  if (reason === "epoch") conversation.more = false; // the server does not know what is above any more
  /** @type {import("./items.js").Gap} */
  const item = { kind: "gap", at: Date.now(), reason, position, from, to, missed, lost: reason !== "slow" };
  conversation.gap = reason === "epoch" ? conversation.gap : item;
  conversation.add(item);
  conversation.hear("state");
}
