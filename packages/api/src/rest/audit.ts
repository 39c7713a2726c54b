import type { JsonObject } from "@airloom/core";
import type { RunsDeps } from "@airloom/runs";
import type { EventRow, Tx } from "@airloom/store";
import type { Actor } from "../auth/permissions.ts";

/** What a user did: Airflow's function name, what it was done to, and the fields that were sent (never secrets). */
export interface UserAction {
  readonly event: string;
  readonly dagId?: string;
  readonly runId?: string;
  readonly taskId?: string;
  readonly mapIndex?: number;
  readonly detail?: JsonObject;
}

/** Writes an action into the audit log, in the transaction that does it. */
export const record = (tx: Tx, actor: Actor, action: UserAction): Promise<void> =>
  tx.insertEvents([eventOf(actor, action)]);

const eventOf = (actor: Actor, action: UserAction): Omit<EventRow, "id" | "at"> => ({
  event: action.event,
  actor: actor.name,
  dagId: action.dagId ?? null,
  runId: action.runId ?? null,
  taskId: action.taskId ?? null,
  mapIndex: action.mapIndex ?? null,
  tryNumber: null,
  detail: action.detail ?? {},
});

/**
 * Does several moves and writes in one transaction. The moves of `@airloom/runs` open their own; here they join this one, and
 * what they would tell and hint is kept until it has committed.
 */
export async function together<D extends RunsDeps, T>(deps: D, act: (tx: Tx, inside: D) => Promise<T>): Promise<T> {
  let later: (() => void)[] = [];
  const result = await deps.store.tx((tx) => {
    // A transaction that is tried again tells only what its last try did.
    later = [];
    const store: RunsDeps["store"] = {
      tx: (fn) => fn(tx),
      hint: (topic) => later.push(() => deps.store.hint(topic)),
      onHint: deps.store.onHint,
      close: deps.store.close,
    };
    return act(tx, { ...deps, store, tell: (event) => later.push(() => deps.tell(event)) });
  });
  for (const tell of later) tell();
  return result;
}
