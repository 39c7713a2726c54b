import type { DagRunVerbs } from "./dag-run-verbs.ts";
import type { DefinitionVerbs } from "./definition-verbs.ts";
import type { LimitVerbs } from "./limit-verbs.ts";
import type { TaskInstanceVerbs } from "./task-instance-verbs.ts";
import type { ValueVerbs } from "./value-verbs.ts";

/**
 * A transaction at READ COMMITTED: each verb is one statement with its own snapshot. Independent verbs may be sent together
 * (`Promise.all`): PostgreSQL gets them in one round trip, in the order they were called.
 */
export interface Tx extends DagRunVerbs, DefinitionVerbs, LimitVerbs, TaskInstanceVerbs, ValueVerbs {
  /** The store's clock at the start of the transaction. */
  readonly now: Date;
}

/** Where state lives. Two implementations, one suite: PostgreSQL, and memory for tests and simulation. */
export interface Store {
  /**
   * Runs `fn` in a transaction: commits when it returns, rolls back when it throws. Deadlocks and serialization failures are
   * tried again (so `fn` must do nothing outside the transaction but compute).
   */
  tx<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  /** Tells listeners of every process on this store to look now. A hint: it may be lost, merged or repeated. */
  hint(topic: HintTopic): void;
  /** Calls back on hints, own ones included. Returns a function that stops it. */
  onHint(topic: HintTopic, listener: () => void): () => void;
  close(): Promise<void>;
}

/** `queued`: work may be claimed. `wakeup`: runs may advance. `admission`: slots may be free. `dags`: definitions or pauses changed. `runs`: a queued run may start. */
export type HintTopic = "queued" | "wakeup" | "admission" | "dags" | "runs";
