import type { DagRunState, TaskInstanceState } from "@airloom/core";
import type { Store } from "@airloom/store";
import type { Versions } from "./versions.ts";

/** What the moves of a run need from outside: a store, the Specs, ids, settings, and someone to tell. */
export interface RunsDeps {
  readonly store: Store;
  readonly versions: Versions;
  /** uuidv7. */
  readonly newId: () => string;
  readonly settings: RunsSettings;
  /** Called after commit, never inside a transaction. */
  readonly tell: (event: RunEvent) => void;
}

export interface RunsSettings {
  /** Where a task goes that names no executor. */
  readonly defaultExecutor: string;
  /** A mapped task longer than this fails. */
  readonly maxMapLength: number;
  readonly leaseMs: number;
  /** From the end of a lease to the next hand-out: longer than SIGTERM to SIGKILL. */
  readonly graceMs: number;
  /** Values up to this size travel with the workload; larger ones are fetched. */
  readonly inlineValueBytes: number;
  /** Attempts that may be lost in one try before it counts as failed. */
  readonly maxLosses: number;
}

export const defaultRunsSettings: RunsSettings = {
  defaultExecutor: "local",
  maxMapLength: 1_024,
  leaseMs: 30_000,
  graceMs: 10_000,
  inlineValueBytes: 64 * 1_024,
  maxLosses: 3,
};

/** What happened, for people and listeners; the state itself is in the store. */
export type RunEvent =
  | { readonly event: "dagRun:created"; readonly dagId: string; readonly runId: string; readonly runType: string }
  | {
      readonly event: "dagRun:moved";
      readonly dagId: string;
      readonly runId: string;
      readonly to: DagRunState;
      readonly seconds: number | null;
    }
  | {
      readonly event: "taskInstance:moved";
      readonly dagId: string;
      readonly runKey: number;
      readonly taskId: string;
      readonly mapIndex: number;
      readonly tryNumber: number;
      readonly to: TaskInstanceState;
      readonly code: string | null;
      /** What went wrong, in the words of the failure: `dags/orders.ts:12:5: no such table`; null when nothing did. */
      readonly reason: string | null;
      readonly seconds: number | null;
    }
  | { readonly event: "dag:paused" | "dag:unpaused"; readonly dagId: string; readonly reason: string }
  /** It could not be decided and is left alone until `retryAt`; the others go on. `failures`: in a row. */
  | ({ readonly event: "dagRun:quarantined"; readonly dagId: string; readonly runId: string } & SetAside)
  /** The same of a Dag whose next run could not be made. */
  | ({ readonly event: "dag:quarantined"; readonly dagId: string } & SetAside);

interface SetAside {
  readonly code: string;
  readonly reason: string;
  readonly failures: number;
  readonly retryAt: Date;
}
