import { AirloomError, failpoint, isSensitiveName } from "@airloom/core";
import type {
  AttemptRef,
  ConnectionValue,
  ExecutionContract,
  FailureReport,
  Outcome,
  TaskWorkload,
  WorkerTerms,
  XComOutput,
} from "@airloom/wire";
import type { ChildMessage } from "../protocol/messages.ts";
import type { ArtifactCache, CachedArtifact } from "./artifact-cache.ts";
import { askControlPlane, type ChildRequestMessage } from "./ask-control-plane.ts";
import { AttemptLog } from "./attempt-log.ts";
import { type ChildPool, type LentChild, NoChildError } from "./child-pool.ts";
import { deathReport } from "./death-report.ts";
import { SecretMask } from "./secret-mask.ts";
import { backoffMs, pause, settlesWithin } from "./waiting.ts";
import { wordsOf } from "./worker-log.ts";
import type { WorkerSettings } from "./worker-settings.ts";

export interface AttemptParts {
  readonly contract: ExecutionContract;
  readonly artifacts: ArtifactCache;
  readonly pool: ChildPool;
  readonly settings: WorkerSettings;
  readonly terms: WorkerTerms;
}

/** Why an attempt is stopped from outside. `released`: the worker goes, no try is used. */
export type StopReason = "timeout" | "cancel" | "gone" | "expired" | "released";

/** What is to be told to the control plane. */
export type AttemptEnd =
  | { readonly kind: "outcome"; readonly outcome: Outcome; readonly xcoms: readonly XComOutput[] }
  /** It was stopped and nothing of it lives. */
  | {
      readonly kind: "stopped";
      readonly why: Exclude<StopReason, "timeout">;
      readonly reason: string;
      /** No child was told to run it. */
      readonly neverRan?: boolean;
    };

interface Stop {
  readonly why: StopReason;
  readonly reason: string;
}

/**
 * One attempt in one child, from the artifact to the end of every process of it. It ends by the child's outcome, by the child's
 * death, or by `stop`; whichever comes, nothing of it runs when `run` resolves, but for a warm child that is cleaned already.
 */
export class TaskAttempt {
  readonly ref: AttemptRef;
  readonly workload: TaskWorkload;
  readonly log: AttemptLog;
  readonly #parts: AttemptParts;
  readonly #mask = new SecretMask();
  readonly #halt = new AbortController();
  #stop: Stop | null = null;
  #child: LentChild | null = null;
  #isRunning = false;
  #mayHaveRun = false;
  #deadline = 0;
  #received: (message: ChildMessage) => void = () => undefined;

  constructor(workload: TaskWorkload, token: string, parts: AttemptParts) {
    const { taskInstanceId, attempt } = workload;
    this.ref = { taskInstanceId, attempt, token };
    this.workload = workload;
    this.#parts = parts;
    for (const [key, value] of Object.entries(workload.variables))
      if (value !== null && isSensitiveName(key)) this.#mask.add(value);
    const { contract, settings } = parts;
    const fenced = (): void => this.stop("gone", "its log is no longer accepted");
    this.log = new AttemptLog({ attempt: this.ref, contract, mask: this.#mask, settings, fenced });
  }

  /** Asks the attempt to end, then makes it. The first reason counts, but for one that leaves no time. */
  stop(why: StopReason, reason: string): void {
    const isUrgent = why === "gone" || why === "expired";
    if (this.#stop && !isUrgent) return;
    this.#stop ??= { why, reason };
    this.#halt.abort(new Error(reason));
    const child = this.#child?.process;
    if (!child) return;
    if (isUrgent) child.kill("SIGKILL");
    else void this.#end(reason);
  }

  /** The lease lives on: the child may count on that much time. */
  extend(ms: number): void {
    this.#deadline = performance.now() + ms;
    if (this.#isRunning) this.#child?.process.send({ kind: "lease", ms: this.#leaseMs() });
  }

  #leaseMs(): number {
    return Math.max(0, Math.round(this.#deadline - performance.now()));
  }

  /** Runs the attempt. Never throws. */
  async run(): Promise<AttemptEnd> {
    const { artifacts } = this.#parts;
    const { artifactId } = this.workload;
    try {
      const artifact = await this.#fetchArtifact();
      try {
        return await this.#runWith(artifact);
      } finally {
        artifacts.release(artifactId);
      }
    } catch (error) {
      if (this.#stop) return this.#stopped(this.#stop);
      if (error instanceof NoChildError) return this.#stopped({ why: "released", reason: error.message });
      return this.#failed(unloadable(error), true);
    }
  }

  async #runWith(artifact: CachedArtifact): Promise<AttemptEnd> {
    const { pool } = this.#parts;
    const { artifactId, dagId, task } = this.workload;
    const child = await pool.take({ artifactId, dagId, fresh: task.isolation === "fresh" }, this.#halt.signal);
    const { signal } = this.#halt;
    if (signal.aborted) {
      await pool.giveBack(child, "its attempt was stopped");
      throw signal.reason;
    }
    this.#child = child;
    this.#listen(child);
    const end = await this.#performIn(child, artifact);
    this.#isRunning = false;
    this.#child = null;
    const spoilt = this.#stop?.reason ?? (end.died ? "it died" : null);
    const returned = pool.giveBack(child, spoilt);
    // A stopped attempt is over when all of it is dead, not before.
    if (spoilt !== null) await returned;
    return this.#stop ? this.#stopped(this.#stop) : this.#reported(end);
  }

  async #performIn(child: LentChild, artifact: CachedArtifact): Promise<Performed> {
    const { process } = child;
    const died = process.exited.then(
      (exit): Performed => ({
        died: true,
        outcome: failure(this.#masked(deathReport(exit, this.log.stderrTail, this.#parts.settings)), true),
        xcoms: [],
      }),
    );
    if (!child.isBound) {
      const problem = await Promise.race([this.#bind(child, artifact), died]);
      if (problem) return problem;
    }
    const done = new Promise<Performed>((resolve) => {
      this.#received = (message) => {
        if (message.kind === "outcome") resolve({ died: false, outcome: message.outcome, xcoms: message.xcoms });
      };
    });
    this.#isRunning = true;
    this.#mayHaveRun = true;
    const { executionTimeoutSeconds } = this.workload.task;
    process.send({ kind: "run", workload: this.workload, leaseMs: this.#leaseMs() });
    const timer =
      executionTimeoutSeconds === null
        ? undefined
        : setTimeout(() => this.stop("timeout", timeoutWords(executionTimeoutSeconds)), executionTimeoutSeconds * 1000);
    const performed = await Promise.race([done, died]);
    clearTimeout(timer);
    if (globalThis.FAILPOINTS && !performed.died) await failpoint("worker.result.received");
    if (!performed.died) await process.settleOutput();
    return performed;
  }

  /** Loads the Dag in a blank child. @returns the end of the attempt when that fails. */
  async #bind({ process }: LentChild, artifact: CachedArtifact): Promise<Performed | null> {
    const { settings } = this.#parts;
    const { id, folder, entry, sdkProtocol } = artifact;
    const bound = new Promise<FailureReport | null>((resolve) => {
      this.#received = (message) => {
        if (message.kind === "bound") resolve(null);
        if (message.kind === "bind_failed") resolve(message.failure);
      };
    });
    process.send({ kind: "bind", bind: { artifactId: id, folder, entry, sdkProtocol, dagId: this.workload.dagId } });
    const slow = {
      kind: "load",
      name: "LoadTimeout",
      message: `The Dag's code did not load within ${settings.bindTimeoutMs / 1000} s.`,
      stack: null,
      location: null,
    } as const;
    // A child that dies meanwhile has its own end; this one must not wait on, and keep a worker that stops from exiting.
    const over = Promise.race([bound, process.exited]);
    const failed = (await settlesWithin(over, settings.bindTimeoutMs)) ? await bound : slow;
    // A child that could not load its Dag is good for nothing else.
    return failed && { died: true, outcome: failure(failed, true), xcoms: [] };
  }

  #listen({ process }: LentChild): void {
    process.listener = {
      message: (message) => {
        if (message.kind === "log") this.log.add(message.record);
        else if (message.kind === "request") void this.#answer(process, message);
        else this.#received(message);
      },
      output: (source, chunk) => this.log.output(source, chunk),
    };
  }

  async #answer(process: LentChild["process"], request: ChildRequestMessage): Promise<void> {
    const answer = await askControlPlane(this.#parts.contract, this.ref, request);
    const isSecret = request.call === "getVariable" && isSensitiveName(String(request.args[0]));
    if (answer.ok && isSecret && typeof answer.result === "string") this.#mask.add(answer.result);
    if (answer.ok && request.call === "getConnection" && answer.result)
      this.#mask.addConnection(answer.result as ConnectionValue);
    if (!answer.ok && answer.code === "ATTEMPT_FENCED") this.stop("gone", answer.message);
    process.send({ kind: "reply", id: request.id, answer });
  }

  /** From a word to a signal to a kill. */
  async #end(reason: string): Promise<void> {
    const child = this.#child?.process;
    if (!child) return;
    const { settings, terms } = this.#parts;
    const isOver = (): boolean => this.#child?.process !== child;
    const over = (ms: number): Promise<boolean> => settlesWithin(child.exited, ms);
    child.send({ kind: "cancel", reason });
    if ((await over(settings.abortGraceMs)) || isOver()) return;
    child.kill("SIGTERM");
    if ((await over(terms.killGraceMs)) || isOver()) return;
    child.kill("SIGKILL");
  }

  async #fetchArtifact(): Promise<CachedArtifact> {
    const { signal } = this.#halt;
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.#parts.artifacts.use(this.workload.artifactId);
      } catch (error) {
        signal.throwIfAborted();
        const isRefused = error instanceof AirloomError && error.status < 500;
        if (isRefused) throw error;
        await pause(backoffMs(failures), signal);
        signal.throwIfAborted();
      }
    }
  }

  #reported({ outcome, xcoms }: Performed): AttemptEnd {
    if (outcome.kind === "skipped") this.log.system("info", `Skipped: ${this.#mask.apply(outcome.reason)}`);
    const tooLarge = valueProblem(xcoms, this.#parts.terms.maxValueBytes);
    if (tooLarge) return this.#failed(tooLarge, false);
    if (outcome.kind !== "failed") return { kind: "outcome", outcome, xcoms };
    return this.#failed(outcome.error, outcome.retry);
  }

  #stopped({ why, reason }: Stop): AttemptEnd {
    if (why !== "timeout") return { kind: "stopped", why, reason, neverRan: !this.#mayHaveRun };
    return this.#failed({ kind: "timeout", name: "Timeout", message: reason, stack: null, location: null }, true);
  }

  #failed(error: FailureReport, retry: boolean): AttemptEnd {
    const masked = this.#masked(error);
    const place = masked.location === null ? "" : ` (${masked.location})`;
    this.log.system("error", masked.stack ?? `${masked.name}: ${masked.message}${place}`);
    return { kind: "outcome", outcome: failure(masked, retry), xcoms: [] };
  }

  #masked(error: FailureReport): FailureReport {
    const { message, stack } = error;
    return { ...error, message: this.#mask.apply(message), stack: stack === null ? null : this.#mask.apply(stack) };
  }
}

interface Performed {
  /** The child is of no further use. */
  readonly died: boolean;
  readonly outcome: Outcome;
  readonly xcoms: readonly XComOutput[];
}

/** What the control plane would refuse, when the log of the attempt is closed already. */
function valueProblem(xcoms: readonly XComOutput[], limit = Number.POSITIVE_INFINITY): FailureReport | null {
  const sizes = xcoms.map(({ value }) =>
    value.kind === "value" ? value.bytes.length : value.items.reduce((sum, item) => sum + item.length, 0),
  );
  const bytes = Math.max(0, ...sizes);
  if (bytes <= limit) return null;
  const { code, message, hint } = new AirloomError("VALUE_TOO_LARGE", { bytes, limit });
  return { kind: "unserializable", name: code, message: `${message} ${hint}`, stack: null, location: null };
}

const failure = (error: FailureReport, retry: boolean): Outcome => ({ kind: "failed", error, retry });

const timeoutWords = (seconds: number): string =>
  `The task ran longer than its \`timeout\` of ${seconds} s and was stopped.`;

function unloadable(error: unknown): FailureReport {
  return {
    kind: "load",
    name: "LoadError",
    message: `The Dag's code could not be fetched: ${wordsOf(error)}`,
    stack: null,
    location: null,
  };
}
