import type { HintTopic, Store } from "@airloom/store";
import { type Coalescer, coalesce } from "./coalesce.ts";
import { type HintConnection, openHintConnection } from "./hint-connection.ts";

/** Milliseconds between two notifications of one topic: at most ten a second go to the other processes. */
const pauseMs = 100;

export type HintHub = Pick<Store, "hint" | "onHint" | "close">;

/**
 * Hints: to this process's listeners at once, to others over PostgreSQL at once and then merged. The connection is opened by the
 * first use, so that a process that neither hints nor listens has none.
 */
export function createHintHub(options: { readonly url: string; readonly applicationName: string }): HintHub {
  const listeners = new Map<HintTopic, Set<() => void>>();
  const senders = new Map<HintTopic, Coalescer>();
  let connection: HintConnection | undefined;
  let closed = false;

  const tell = (topic: HintTopic): void => {
    // A microtask of its own each: a listener that throws must not keep the others, or the one who hints, from going on.
    for (const listener of listeners.get(topic) ?? []) queueMicrotask(listener);
  };
  const tellAll = (): void => {
    for (const topic of listeners.keys()) tell(topic);
  };
  const connect = (): HintConnection => {
    connection ??= openHintConnection({ ...options, onHint: tell, onReconnect: tellAll });
    return connection;
  };
  const senderOf = (topic: HintTopic): Coalescer => {
    const known = senders.get(topic);
    if (known) return known;
    const sender = coalesce(() => connect().notify(topic), pauseMs);
    senders.set(topic, sender);
    return sender;
  };

  return {
    hint: (topic) => {
      if (closed) return;
      tell(topic);
      senderOf(topic).call();
    },
    onHint: (topic, listener) => {
      const own = listeners.get(topic) ?? new Set();
      // The same function given twice is two listeners.
      const call = (): void => listener();
      listeners.set(topic, own.add(call));
      if (!closed) connect();
      return () => own.delete(call);
    },
    close: async () => {
      closed = true;
      for (const sender of senders.values()) sender.stop();
      listeners.clear();
      await connection?.close();
    },
  };
}
