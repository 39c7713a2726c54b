import type { JsonObject } from "@airloom/core";
import type { FailureReport, LogLevel, LogRecord, Outcome, TaskWorkload, XComOutput } from "@airloom/wire";

/** Version of what supervisor and child say to each other. Both come from one build; a difference means a broken install. */
export const childProtocol = 1;

/** Where the two meet: the child reads from one socket and writes, blocking, to another. Output never mixes with messages. */
export const channelFds = { toChild: 3, fromChild: 4 } as const;

/** What the processes of an attempt can be found by, in their environment. */
export const markers = {
  /** `<task instance id>:<attempt>`. */
  attempt: "AIRLOOM_ATTEMPT",
  /** Id of the child under which the process was started. */
  child: "AIRLOOM_CHILD",
  /** `<pid>:<start time>` of the supervisor. */
  supervisor: "AIRLOOM_SUPERVISOR",
} as const;

export type SupervisorMessage =
  | { readonly kind: "bind"; readonly bind: Binding }
  | { readonly kind: "run"; readonly workload: TaskWorkload; readonly leaseMs: number }
  | { readonly kind: "cancel"; readonly reason: string }
  /** The attempt may run that much longer, even if the supervisor says nothing more. */
  | { readonly kind: "lease"; readonly ms: number }
  | { readonly kind: "reply"; readonly id: number; readonly answer: RequestAnswer };

/** What a child is for, from its first attempt to its end. */
export interface Binding {
  readonly dagId: string;
  readonly artifactId: string;
  /** Folder and path in it of the module to import. */
  readonly folder: string;
  readonly entry: string;
  readonly sdkProtocol: number;
}

/** Calls of the execution contract that a task may make; their attempt is added by the supervisor. */
export type RequestCall = "fetchValue" | "getVariable" | "getConnection" | "pullXCom" | "pushXCom";

export type RequestAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly code: string | null; readonly data: JsonObject; readonly message: string };

export type ChildMessage =
  | { readonly kind: "ready"; readonly protocol: number }
  | { readonly kind: "bound" }
  | { readonly kind: "bind_failed"; readonly failure: FailureReport }
  | { readonly kind: "log"; readonly record: ChildRecord }
  | { readonly kind: "outcome"; readonly outcome: Outcome; readonly xcoms: readonly XComOutput[] }
  | { readonly kind: "request"; readonly id: number; readonly call: RequestCall; readonly args: readonly unknown[] }
  /** The attempt is over and cleaned up after; again whenever something late shows. */
  | {
      readonly kind: "idle";
      /** What the attempt left behind, in words; a child with any is replaced. */
      readonly dirty: readonly string[];
      /** It started processes or threads: what is left of them has to be looked for. */
      readonly spawned: boolean;
      readonly rssBytes: number;
    };

export interface ChildRecord {
  readonly ts: number;
  readonly level: LogLevel;
  readonly source: LogRecord["source"];
  readonly msg: string;
  readonly fields?: JsonObject;
  readonly group?: string;
}
