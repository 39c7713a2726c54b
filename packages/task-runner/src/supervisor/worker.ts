import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Service } from "@airloom/core";
import type { ExecutionContract, FinishRequest, WorkerTerms } from "@airloom/wire";
import { ArtifactCache } from "./artifact-cache.ts";
import { childCommand } from "./child-command.ts";
import { childEnvironment } from "./child-environment.ts";
import { ChildPool } from "./child-pool.ts";
import { type Delivered, deliverFinish, deliverSpooled } from "./finish-delivery.ts";
import { type Lease, Leases } from "./leases.ts";
import { sweepOrphans } from "./marked-processes.ts";
import { ownIdentity } from "./process-identity.ts";
import { Spool } from "./spool.ts";
import { type AttemptEnd, TaskAttempt } from "./task-attempt.ts";
import { backoffMs, pause, settlesWithin } from "./waiting.ts";
import { type Claimed, WorkClaims } from "./work-claims.ts";
import { type WorkerLog, wordsOf } from "./worker-log.ts";
import { defaultWorkerSettings, type WorkerSettings } from "./worker-settings.ts";

export interface WorkerOptions {
  readonly contract: ExecutionContract;
  /** The executor whose work this worker does: `local`. */
  readonly executor: string;
  readonly queues: readonly string[];
  /** Attempts at the same time. */
  readonly slots: number;
  /** For artifacts and undelivered outcomes; workers of one home may share it. */
  readonly cacheDir: string;
  /** Where packages that stay outside of bundles are looked for, and in the folders above. */
  readonly projectRoot: string;
  /** The child's bundle: `task-child.mjs`. */
  readonly childPath: string;
  readonly log: WorkerLog;
  readonly settings?: Partial<WorkerSettings>;
}

/**
 * A worker: claims attempts, runs each in a child process, keeps their leases, reports each outcome once. It knows nothing but the
 * execution contract.
 * @example const worker = createWorker({ contract, executor: "local", queues: ["default"], slots: 4, cacheDir, projectRoot, childPath, log });
 */
export function createWorker(options: WorkerOptions): Service {
  return new Worker(options);
}

const logEndMs = 2_000;

class Worker implements Service {
  readonly name = "worker";
  readonly #options: WorkerOptions;
  readonly #settings: WorkerSettings;
  readonly #workerId = randomUUID();
  readonly #identity = ownIdentity();
  readonly #artifacts: ArtifactCache;
  readonly #pool: ChildPool;
  readonly #spool: Spool;
  readonly #running = new Map<TaskAttempt, Promise<void>>();
  #terms: WorkerTerms | null = null;
  #leases: Leases | null = null;
  #claims: WorkClaims | null = null;
  #isStopping = false;
  #stopped: Promise<void> | null = null;
  readonly #giveUp = new AbortController();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#settings = { ...defaultWorkerSettings, ...options.settings };
    const { contract, cacheDir, projectRoot, childPath, slots, log } = options;
    const settings = this.#settings;
    this.#spool = new Spool(join(cacheDir, "spool"));
    this.#artifacts = new ArtifactCache({ contract, folder: cacheDir, projectRoot, mostBytes: settings.cacheBytes });
    const supervisor = `${process.pid}:${this.#identity.startTicks}`;
    this.#pool = new ChildPool({
      command: childCommand(childPath, settings),
      environment: (childId) =>
        childEnvironment({ own: process.env, pass: settings.passEnvironment, childId, supervisor }),
      slots,
      settings,
      log,
      onReady: () => this.#claims?.slotFreed(),
    });
  }

  async start(): Promise<void> {
    this.#pool.start();
    // Before this worker is made known, which gives the attempts of dead workers back: their processes end, their outcomes count.
    sweepOrphans();
    await this.#artifacts.open();
    await deliverSpooled(this.#delivery());
    const terms = await this.#register();
    this.#terms = terms;
    const { contract, executor, queues, log } = this.#options;
    this.#leases = new Leases({ contract, workerId: this.#workerId, terms, log });
    this.#leases.start();
    this.#claims = new WorkClaims({
      contract,
      workerId: this.#workerId,
      executor,
      queues,
      // The lease may begin at any moment of the wait: it must outlive it.
      waitMs: Math.min(this.#settings.claimWaitMs, terms.leaseMs / 4),
      freeSlots: () => this.#freeSlots(),
      warmArtifacts: () => this.#pool.warmArtifacts(),
      start: (claimed) => this.#start(claimed),
      unknown: async () => {
        await this.#register();
      },
      log,
    });
    this.#claims.start();
  }

  stop(reason: string): Promise<void> {
    this.#stopped ??= this.#shutDown(reason);
    return this.#stopped;
  }

  async #shutDown(reason: string): Promise<void> {
    this.#isStopping = true;
    await this.#claims?.stop();
    const attempts = (): Promise<unknown> => Promise.all(this.#running.values());
    if (!(await settlesWithin(attempts(), this.#settings.drainMs))) {
      for (const attempt of this.#running.keys()) attempt.stop("released", reason);
      // From here nothing takes long but a control plane that does not answer; what it missed is in the spool.
      const { abortGraceMs } = this.#settings;
      const killMs = abortGraceMs + (this.#terms?.killGraceMs ?? 0);
      if (!(await settlesWithin(attempts(), killMs + 2 * logEndMs))) this.#giveUp.abort();
      await attempts();
    }
    this.#leases?.stop();
    await this.#pool.stop();
  }

  /** Makes this worker known, however long that takes. */
  async #register(): Promise<WorkerTerms> {
    const { contract, executor, queues, slots, log } = this.#options;
    const { bootId, startTicks } = this.#identity;
    const who = { workerId: this.#workerId, hostname: hostname(), pid: process.pid, bootId, startTicks };
    for (let failures = 0; ; failures += 1) {
      try {
        return await contract.registerWorker({ ...who, executor, queues, slots });
      } catch (error) {
        if (this.#isStopping) throw error;
        if (failures === 0) log("warn", "The control plane does not take this worker.", { reason: wordsOf(error) });
        await pause(backoffMs(failures), this.#giveUp.signal);
      }
    }
  }

  #freeSlots(): number {
    return this.#isStopping || this.#pool.isFailing ? 0 : this.#options.slots - this.#running.size;
  }

  #start({ workload, token, sentAt }: Claimed): void {
    const { contract } = this.#options;
    const parts = { contract, artifacts: this.#artifacts, pool: this.#pool, settings: this.#settings };
    const attempt = new TaskAttempt(workload, token, { ...parts, terms: this.#terms as WorkerTerms });
    const lease = (this.#leases as Leases).hold(
      {
        attempt: attempt.ref,
        extended: (ms) => attempt.extend(ms),
        ended: (why, reason) => attempt.stop(why, reason),
      },
      sentAt,
      workload.leaseMs,
    );
    const done = this.#follow(attempt, lease).catch((error: unknown) => {
      this.#options.log("error", "An attempt's end could not be told.", { reason: wordsOf(error) });
    });
    this.#running.set(
      attempt,
      done.finally(() => {
        lease.drop();
        this.#running.delete(attempt);
        this.#claims?.slotFreed();
      }),
    );
  }

  /** One attempt from start to the control plane's answer. */
  async #follow(attempt: TaskAttempt, lease: Lease): Promise<void> {
    const end = await attempt.run();
    await attempt.log.end(logEndMs);
    const next =
      end.kind === "outcome" ? await this.#finish(attempt, end, lease) : await this.#tellStopped(attempt, end);
    for (const claimed of next) this.#start(claimed);
  }

  async #finish(
    attempt: TaskAttempt,
    end: Extract<AttemptEnd, { kind: "outcome" }>,
    lease: Lease,
  ): Promise<readonly Claimed[]> {
    const { outcome, xcoms } = end;
    // The slot that becomes free asks for its next work in the same call.
    const claim = this.#isStopping ? undefined : this.#claims?.open(1, 0);
    const request: FinishRequest = { ...attempt.ref, outcome, xcoms, ...(claim && { claim: claim.request }) };
    const sentAt = performance.now();
    const delivered = await deliverFinish(request, this.#delivery(), () => this.#leaseEnd(lease));
    if (delivered.kind !== "answered") {
      await this.#notRecorded(attempt, delivered);
      return [];
    }
    const { claimed } = delivered.reply;
    return claim && claimed ? claim.read(claimed, sentAt) : [];
  }

  async #notRecorded(attempt: TaskAttempt, delivered: Exclude<Delivered, { kind: "answered" }>): Promise<void> {
    if (delivered.kind === "fenced") return this.#ended(attempt);
    const reason =
      delivered.kind === "refused" ? delivered.error.message : "the control plane did not answer while the lease lived";
    const { taskInstanceId } = attempt.ref;
    this.#options.log("error", "An outcome was not recorded.", { taskInstanceId, reason });
  }

  async #tellStopped(
    attempt: TaskAttempt,
    { why, reason }: Extract<AttemptEnd, { kind: "stopped" }>,
  ): Promise<readonly Claimed[]> {
    if (why === "cancel") await this.#ended(attempt);
    // Ended before the lease did: nobody has to wait for the rest of it.
    if (why === "released" || why === "expired")
      await this.#tryOften(() => this.#options.contract.release([attempt.ref], reason));
    return [];
  }

  /** Nothing of it lives: its successor need not wait for the lease to end. */
  #ended(attempt: TaskAttempt): Promise<void> {
    return this.#tryOften(() => this.#options.contract.ended(attempt.ref));
  }

  /** Worth a few tries, not more: the end of the lease says the same, only later. */
  async #tryOften(tell: () => Promise<void>): Promise<void> {
    for (let failures = 0; failures < 5; failures += 1) {
      try {
        return await tell();
      } catch {
        await pause(backoffMs(failures), this.#giveUp.signal);
      }
    }
  }

  #delivery() {
    const { contract } = this.#options;
    return { contract, spool: this.#spool, spoolAfterMs: this.#settings.spoolAfterMs };
  }

  /** Aborts when the lease has really ended, or this worker cannot wait any longer. */
  #leaseEnd(lease: Lease): AbortSignal {
    const ended = new AbortController();
    const margin = this.#terms?.marginMs ?? 0;
    const check = (): void => {
      const left = lease.deadline + margin - performance.now();
      if (left <= 0) ended.abort();
      else setTimeout(check, left).unref();
    };
    check();
    return AbortSignal.any([ended.signal, this.#giveUp.signal]);
  }
}
