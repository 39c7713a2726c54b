import type { DagRunVerbs } from "./dag-run-verbs.ts";
import type { DefinitionVerbs } from "./definition-verbs.ts";
import type { LimitVerbs } from "./limit-verbs.ts";
import type { QuarantineVerbs } from "./quarantine-verbs.ts";
import type { TaskInstanceVerbs } from "./task-instance-verbs.ts";
import type { ValueVerbs } from "./value-verbs.ts";

/**
 * A transaction at READ COMMITTED: each verb is one statement with its own snapshot. Independent verbs may be sent together
 * (`Promise.all`): PostgreSQL gets them in one round trip, in the order they were called.
 *
 * A row written or locked by another open transaction makes a writer or locker wait for its end; the condition is then
 * judged again on the newest row. Rows are locked in the order of their keys. Reads never wait. In lists of changes
 * (moves, deltas, ends) a row appears at most once. What is named but does not exist is left out, unless a verb says otherwise.
 */
export interface Tx extends DagRunVerbs, DefinitionVerbs, LimitVerbs, QuarantineVerbs, TaskInstanceVerbs, ValueVerbs {
  /** The store's clock at the start of the transaction. Known once the first verb has answered: both are one round trip. */
  readonly now: Date;
}

/** Where state lives. Two implementations, one suite: PostgreSQL, and memory for tests and simulation. */
export interface Store {
  /**
   * Runs `fn` in a transaction: commits when it returns, rolls back when it throws. Deadlocks and serialization failures are
   * tried again (so `fn` must do nothing outside the transaction but compute). After a verb threw, the transaction can only
   * roll back: `fn` lets the error pass. A verb called after the end throws. Verbs that `fn` called last and did not wait for
   * belong to the transaction and go out together with its commit.
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
