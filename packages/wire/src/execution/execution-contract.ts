import type { ArtifactManifest, ParseReport, ParseSession } from "./artifact.ts";
import type {
  AttemptRef,
  FinishReply,
  FinishRequest,
  HeartbeatReply,
  HeartbeatRequest,
  ReleasedRef,
} from "./attempt.ts";
import type { LogBatch } from "./log-record.ts";
import type { ClaimReply, ClaimRequest, Workload } from "./workload.ts";

/**
 * How worker, triggerer and dag-processor meet the control plane: ids, values and verdicts, never rows and never keys.
 * Two transports carry it, in-process and HTTP, and one suite proves both. Every call may be repeated after a lost reply.
 * A refusal is an `AirloomError`: `ATTEMPT_FENCED` (409) means stop this attempt, `UNAUTHENTICATED` a bad supervisor token.
 */
export interface ExecutionContract {
  /** Makes a worker known, or known again. Slots and queues may change at any call. */
  registerWorker(worker: WorkerRegistration): Promise<WorkerTerms>;
  /** Takes the best queued attempts that fit; waits up to `waitMs` for one. Asking again with the same token hashes returns what they already hold. */
  claim(request: ClaimRequest, signal?: AbortSignal): Promise<ClaimReply>;
  /** Extends leases and learns of cancels. The reply counts from the moment the request was sent. */
  heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply>;
  /** Reports one outcome; may claim in the same call. Repeating a delivered outcome is accepted. */
  finish(request: FinishRequest): Promise<FinishReply>;
  /** Says that nothing of a fenced attempt is alive any more. */
  ended(attempt: AttemptRef): Promise<void>;
  /** Gives attempts back unrun or lost (drain, dead supervisor): no try is used. */
  release(attempts: readonly ReleasedRef[], reason: string): Promise<void>;
  appendLogs(batch: LogBatch): Promise<void>;
  /** An `InputValue` too large to travel with the workload, packed as a message. */
  fetchValue(attempt: AttemptRef, ref: string): Promise<Uint8Array>;
  getVariable(attempt: AttemptRef, key: string): Promise<string | null>;
  getConnection(attempt: AttemptRef, id: string): Promise<ConnectionValue | null>;
  /** An XCom of this run (or of another, by run id) that is not an argument; encoded value or null. */
  pullXCom(attempt: AttemptRef, query: XComQuery): Promise<Uint8Array | null>;
  pushXCom(attempt: AttemptRef, key: string, value: Uint8Array): Promise<void>;

  getArtifact(artifactId: string): Promise<ArtifactManifest>;
  getPart(hash: string): Promise<Uint8Array>;

  /** For the dag-processor: what is published now, and whether someone asked for a re-parse. */
  openParseSession(processor: {
    readonly id: string;
    readonly hostname: string;
    readonly pid: number;
  }): Promise<ParseSession>;
  /** Which of these parts are not stored yet. */
  missingParts(hashes: readonly string[]): Promise<readonly string[]>;
  putPart(hash: string, bytes: Uint8Array): Promise<void>;
  /** One file's outcome: Dags with Specs, or its import error; or the list of files that are gone. */
  publish(report: ParseReport): Promise<{ readonly published: readonly string[] }>;
}

export interface WorkerRegistration {
  /** Chosen by the worker, stable for its life: uuid. */
  readonly workerId: string;
  readonly hostname: string;
  readonly pid: number;
  /** Kernel boot id and process start time: with the pid they name this very process. */
  readonly bootId: string;
  readonly startTicks: string;
  readonly executor: string;
  readonly queues: readonly string[];
  readonly slots: number;
}

export interface WorkerTerms {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  /** The worker kills an attempt this long before its lease ends. */
  readonly marginMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly killGraceMs: number;
  /** A larger value is refused: the worker says so itself, in the attempt's log. Left out: not known. */
  readonly maxValueBytes?: number;
  /** Workers of this host that are dead: their attempts have been released. */
  readonly released: number;
}

export interface ConnectionValue {
  readonly id: string;
  readonly type: string;
  readonly host: string | null;
  readonly port: number | null;
  readonly login: string | null;
  readonly password: string | null;
  readonly schema: string | null;
  readonly extra: Readonly<Record<string, unknown>>;
}

export interface XComQuery {
  readonly taskId: string;
  readonly key: string;
  readonly mapIndex?: number;
  readonly runId?: string;
}

export type { Workload };
