// What recado.js exports, for the compiler and for whoever reads; docs/javascript.md explains it with examples.
// It is a file of its own so that browsers do not load it.

export type State = "connecting" | "connected" | "reconnecting" | "offline" | "draining" | "refused" | "closed";

export interface Options {
  name?: string;
  token?: string;
  /** The secret of a session that goes on. */
  session?: string;
  /** The position behind which to go on. */
  since?: string;
  /** How many of the last messages to get first; not with since. */
  history?: number;
  /** Get your own messages too. */
  echo?: boolean;
  /** Closes the room. */
  signal?: AbortSignal;
  /** For where there is no global one. */
  WebSocket?: new (url: string, protocol: string) => any;
}

export interface Member {
  id: string;
  name: string;
}

/** What a message says: exactly one of text, json and bytes. */
export interface Content {
  text?: string;
  json?: any;
  bytes?: Uint8Array;
  event?: string;
  ephemeral?: boolean;
}

export interface Message extends Content {
  type: "message";
  /** RFC 3339. */
  time: string;
  /** Without an id if it came from no session. */
  from: Partial<Member> & { name: string };
  /** Like the position, not of an ephemeral message. */
  seq?: number;
  position?: string;
}

/** The place of a message of your own. */
export interface Ack {
  type: "ack";
  /** Not of a message that the same session published in another way. */
  id?: string;
  seq: number;
  position: string;
  /** It had been published before, at that place. */
  duplicate?: boolean;
}

/** Earlier messages, your own among them, oldest first. */
export interface History {
  type: "history";
  messages: Message[];
  /** There are earlier ones. */
  more: boolean;
}

export interface Events {
  state: {
    type: "state";
    state: State;
    /** When there is no connection: milliseconds until the next attempt, 0 while one is under way. */
    wait?: number;
    /** How many attempts have been in vain. */
    attempt?: number;
    /** How the last connection ended: the close code, or an HTTP status where that is known. */
    code?: number;
    reason?: string;
    /** When connected: nothing is missing since the last connection. */
    recovered?: boolean;
    /** When connected: how many messages follow that were published meanwhile. */
    replay?: number;
  };
  message: Message;
  ack: Ack;
  history: History;
  members: { type: "members"; change: "join" | "leave" | "rename" | "count" | "welcome"; member?: Member };
  gap: { type: "gap"; reason: string; position: string; from?: number; to?: number; missed?: number };
  limited: { type: "limited"; retry_after_ms: number };
  error: { type: "error"; code: string; message: string; id?: string };
}

export type AnyEvent = Events[keyof Events];

export interface Room extends AsyncIterable<AnyEvent> {
  readonly url: string;
  readonly state: State;
  /** You, as the others see you. */
  readonly you?: Member;
  /** The place of the last message, behind which another client could go on. */
  readonly position?: string;
  /** The secret by which the server knows this client. */
  readonly session?: string;
  /** By id, you among them; empty where there are too many to list. */
  readonly members: ReadonlyMap<string, Member>;
  readonly memberCount: number;
  /** How many publishes wait for their ack. */
  readonly outboxSize: number;
  /** Milliseconds between a ping and its pong. */
  readonly latency?: number;
  /** What the server has announced, such as message_bytes. */
  readonly limits: Readonly<Record<string, number>>;

  /** Calls the handler at each event of the type, "*" for all, soon after it. Returns what ends that. */
  on<T extends keyof Events | "*">(
    type: T,
    handler: (event: T extends keyof Events ? Events[T] : AnyEvent) => void,
  ): () => void;

  /**
   * Resolves when the message has its place in the room, and keeps it through losses of the connection until then.
   * An ephemeral message is sent now or not at all; it has no place, and resolves to nothing.
   * Whoever does not wait for the promise need not handle its error, a RecadoError.
   */
  publish(content: string | (Content & { ephemeral?: false })): Promise<Ack>;
  publish(content: Content): Promise<Ack | undefined>;

  /** Earlier messages: before that position, at most so many. */
  history(range?: { before?: string; limit?: number }): Promise<History>;

  rename(name: string): void;

  /** Gives the server a token, now and at each later connection. */
  auth(token: string): void;

  /** Tries to connect now instead of later, also after a refusal. */
  retry(): void;

  /** Leaves the room. Resolves when nothing is left of the connection. */
  close(): Promise<void>;
}
