import type { ClaimReply, ClaimRequest } from "./workload.ts";

/** Names one attempt and proves the right to speak for it. */
export interface AttemptRef {
  readonly taskInstanceId: string;
  readonly attempt: number;
  /** The secret whose hash was sent with the claim. */
  readonly token: string;
}

/** An attempt that is handed back. */
export interface ReleasedRef extends AttemptRef {
  /** Nothing of the task ran, not even its first line: no loss, it can be handed out again whatever it does. @default false */
  readonly neverRan?: boolean;
}

/** Every return, throw, signal and timeout of an attempt, as data. What it means for the state, core decides. */
export type Outcome =
  | {
      readonly kind: "succeeded" /** For a branch: the key chosen; for a short circuit: whether to go on. */;
      readonly decision?: string | boolean;
    }
  | { readonly kind: "skipped"; readonly reason: string }
  | {
      readonly kind: "failed";
      readonly error: FailureReport /** false: no retry, whatever is left. */;
      readonly retry: boolean;
    }
  | { readonly kind: "rescheduled" /** ISO-8601. */; readonly at: string }
  /** The child or its supervisor died for reasons that are not the task's: no try is used. */
  | { readonly kind: "lost"; readonly reason: string };

/** What a person needs to see of a failure. Positions are the author's own source. */
export interface FailureReport {
  /** `error` thrown, `timeout`, `signal`, `out_of_memory`, `exit` without an outcome, `unserializable`, `load` (code did not load), `invalid_input`. */
  readonly kind:
    | "error"
    | "timeout"
    | "signal"
    | "out_of_memory"
    | "exit"
    | "unserializable"
    | "load"
    | "invalid_input";
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  /** `dags/orders.ts:12:5`, when known. */
  readonly location: string | null;
  readonly signal?: string;
  readonly exitCode?: number;
}

/** One value the task leaves behind. `elements`: a list whose elements are stored apart. */
export interface XComOutput {
  readonly key: string;
  readonly value:
    | { readonly kind: "value"; readonly bytes: Uint8Array }
    | { readonly kind: "elements"; readonly items: readonly Uint8Array[] };
  /** Length of the list, when the value is one. */
  readonly length: number | null;
}

export interface FinishRequest extends AttemptRef {
  readonly outcome: Outcome;
  readonly xcoms: readonly XComOutput[];
  readonly claim?: ClaimRequest;
}

export interface FinishReply {
  /** `recorded`, or `repeated` when this very outcome was there already. */
  readonly result: "recorded" | "repeated";
  readonly claimed?: ClaimReply;
}

export interface HeartbeatRequest {
  readonly workerId: string;
  readonly attempts: readonly AttemptRef[];
}

export interface HeartbeatReply {
  readonly attempts: readonly {
    readonly taskInstanceId: string;
    readonly attempt: number;
    /** `run`: go on, the lease has `remainingMs`. `cancel`: kill it and report `ended`. `gone`: nothing is known of it, kill it. */
    readonly verdict: "run" | "cancel" | "gone";
    readonly remainingMs: number;
    readonly reason: string | null;
  }[];
}
