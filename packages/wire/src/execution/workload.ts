import type { JsonObject, TaskSpec } from "@airloom/core";

/** What a worker asks with: its free slots and what it has warm. */
export interface ClaimRequest {
  readonly workerId: string;
  readonly executor: string;
  readonly queues: readonly string[];
  /** One SHA-256 (hex) of a secret token per free slot: the worker made the tokens itself, so a lost reply can be asked for again. */
  readonly tokenHashes: readonly string[];
  /** Artifacts with an idle warm child: a tie-break, never a condition. */
  readonly warmArtifacts: readonly string[];
  /** `name@version` of packages the worker's project root resolves; absent = not checked. */
  readonly externals?: readonly string[];
  /** How long to wait for work, ms; 0 = do not. */
  readonly waitMs: number;
  /** The reply to this claim was lost: what the token hashes already hold comes first. */
  readonly repeat?: boolean;
}

export interface ClaimReply {
  readonly workloads: readonly Workload[];
}

/** One attempt to run: all its child needs, small values included. */
export interface TaskWorkload {
  readonly kind: "task";
  readonly taskInstanceId: string;
  readonly attempt: number;
  /** Which of the request's token hashes was taken. */
  readonly tokenHash: string;
  readonly leaseMs: number;
  readonly artifactId: string;
  readonly dagId: string;
  readonly task: TaskSpec;
  readonly mapIndex: number;
  readonly tryNumber: number;
  readonly maxTries: number;
  readonly run: RunFacts;
  /** The run's params: the Dag's defaults with `conf` over them. */
  readonly params: JsonObject;
  /** Values of variables that arguments name. */
  readonly variables: Readonly<Record<string, string | null>>;
  /** Values of upstream tasks that arguments name, by task id. */
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** For a mapped instance: which element of each argument's list, in order. */
  readonly elementIndexes: readonly number[];
}

export type Workload = TaskWorkload;

/**
 * An upstream's value: codec bytes, a list of them (a mapped or element-wise source), a reference, or nothing. A reference stands
 * for a value too large to travel along: `fetchValue` gives the `InputValue` itself, packed as a message.
 */
export type InputValue =
  | { readonly kind: "value"; readonly bytes: Uint8Array }
  | { readonly kind: "list"; readonly items: readonly (Uint8Array | null)[] }
  /** The one element that this mapped instance reads. */
  | { readonly kind: "element"; readonly bytes: Uint8Array }
  | { readonly kind: "ref"; readonly ref: string }
  | { readonly kind: "none" };

/** Times are ISO-8601, UTC. */
export interface RunFacts {
  readonly runId: string;
  readonly runType: string;
  readonly logicalDate: string | null;
  readonly intervalStart: string | null;
  readonly intervalEnd: string | null;
  readonly runAfter: string;
  readonly conf: JsonObject;
  /** How often the run was cleared: part of the idempotency key. */
  readonly clearNumber: number;
}
