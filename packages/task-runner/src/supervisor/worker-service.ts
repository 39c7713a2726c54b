import type { Service } from "@airloom/core";
import type {
  AttemptRef,
  ExecutionContract,
  FinishRequest,
  TaskWorkload,
  WorkerRegistration,
  WorkerTerms,
} from "@airloom/wire";
import { type Delivered, deliverFinish, deliverSpooled } from "./finish-delivery.ts";
import { type Lease, Leases } from "./leases.ts";
import type { OutcomeSpool } from "./spool.ts";
import type { AttemptEnd, StopReason } from "./task-attempt.ts";
import { backoffMs, type Clock, pause, settlesWithin } from "./waiting.ts";
import { type Claimed, WorkClaims } from "./work-claims.ts";
import { type WorkerLog, wordsOf } from "./worker-log.ts";
import type { WorkerSettings } from "./worker-settings.ts";

/** One attempt as the worker sees it: in a child process, or in a simulated one. */
export interface RunningAttempt {
  readonly ref: AttemptRef;
  /** From start to the end of everything of it. Never throws. */
  run(): Promise<AttemptEnd>;
  stop(why: StopReason, reason: string): void;
  /** The lease lives on: it has that much time, ms. */
  extend(ms: number): void;
  /** Sends the rest of its log, for at most `ms`. */
  endLog(ms: number): Promise<unknown>;
}

/** Where attempts run: the children of this machine, and what they are made from. */
export interface AttemptHost {
  /** Before the worker makes itself known: ends what an earlier one left running. */
  prepare(): Promise<void>;
  /** Nothing can be started here at present. */
  readonly isFailing: boolean;
  warmArtifacts(): readonly string[];
  attempt(workload: TaskWorkload, token: string, terms: WorkerTerms): RunningAttempt;
  /** Calls back when something can be started again. */
  onReady(listener: () => void): void;
  stop(): Promise<void>;
}

export interface WorkerParts {
  readonly contract: ExecutionContract;
  readonly identity: Pick<WorkerRegistration, "workerId" | "hostname" | "pid" | "bootId" | "startTicks">;
  readonly executor: string;
  readonly queues: readonly string[];
  readonly slots: number;
  readonly host: AttemptHost;
  readonly spool: OutcomeSpool;
  readonly clock: Clock;
  /** A secret that nobody can guess. */
  readonly newToken: () => string;
  readonly log: WorkerLog;
  readonly settings: Pick<WorkerSettings, "claimWaitMs" | "drainMs" | "abortGraceMs" | "spoolAfterMs">;
}

/**
 * The deciding half of a worker: what it claims, keeps alive, reports, gives back. Whatever it needs of a machine is a part, so that
 * a simulation runs this very code.
 */
export const createWorkerOver = (parts: WorkerParts): Service => new Worker(parts);

const logEndMs = 2_000;

class Worker implements Service {
  readonly name = "worker";
  readonly #parts: WorkerParts;
  readonly #running = new Map<RunningAttempt, Promise<void>>();
  #terms: WorkerTerms | null = null;
  #leases: Leases | null = null;
  #claims: WorkClaims | null = null;
  #isStopping = false;
  #stopped: Promise<void> | null = null;
  readonly #giveUp = new AbortController();

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    parts.host.onReady(() => this.#claims?.slotFreed());
  }

  async start(): Promise<void> {
    const { contract, executor, queues, host, identity, settings, newToken, clock, log } = this.#parts;
    const { workerId } = identity;
    // Before this worker is made known, which gives the attempts of dead workers back: their processes end, their outcomes count.
    await host.prepare();
    await deliverSpooled(this.#parts);
    const terms = await this.#register();
    this.#terms = terms;
    this.#leases = new Leases({ contract, workerId, terms, clock, log });
    this.#leases.start();
    this.#claims = new WorkClaims({
      contract,
      workerId,
      executor,
      queues,
      // The lease may begin at any moment of the wait: it must outlive it.
      waitMs: Math.min(settings.claimWaitMs, terms.leaseMs / 4),
      freeSlots: () => this.#freeSlots(),
      warmArtifacts: () => host.warmArtifacts(),
      start: (claimed) => this.#start(claimed),
      unknown: async () => {
        await this.#register();
      },
      newToken,
      clock,
      log,
    });
    this.#claims.start();
  }

  stop(reason: string): Promise<void> {
    this.#stopped ??= this.#shutDown(reason);
    return this.#stopped;
  }

  async #shutDown(reason: string): Promise<void> {
    const { settings, clock, host } = this.#parts;
    this.#isStopping = true;
    await this.#claims?.stop();
    const attempts = (): Promise<unknown> => Promise.all(this.#running.values());
    if (!(await settlesWithin(attempts(), settings.drainMs, clock))) {
      for (const attempt of this.#running.keys()) attempt.stop("released", reason);
      // From here nothing takes long but a control plane that does not answer; what it missed is in the spool.
      const killMs = settings.abortGraceMs + (this.#terms?.killGraceMs ?? 0);
      if (!(await settlesWithin(attempts(), killMs + 2 * logEndMs, clock))) this.#giveUp.abort();
      await attempts();
    }
    this.#leases?.stop();
    await host.stop();
  }

  /** Makes this worker known, however long that takes. */
  async #register(): Promise<WorkerTerms> {
    const { contract, identity, executor, queues, slots, clock, log } = this.#parts;
    for (let failures = 0; ; failures += 1) {
      try {
        return await contract.registerWorker({ ...identity, executor, queues, slots });
      } catch (error) {
        if (this.#isStopping) throw error;
        if (failures === 0) log("warn", "The control plane does not take this worker.", { reason: wordsOf(error) });
        await pause(backoffMs(failures, clock), this.#giveUp.signal, clock);
      }
    }
  }

  #freeSlots(): number {
    const { host, slots } = this.#parts;
    return this.#isStopping || host.isFailing ? 0 : slots - this.#running.size;
  }

  #start({ workload, token, sentAt }: Claimed): void {
    const attempt = this.#parts.host.attempt(workload, token, this.#terms as WorkerTerms);
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
      this.#parts.log("error", "An attempt's end could not be told.", { reason: wordsOf(error) });
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
  async #follow(attempt: RunningAttempt, lease: Lease): Promise<void> {
    const end = await attempt.run();
    await attempt.endLog(logEndMs);
    const next =
      end.kind === "outcome" ? await this.#finish(attempt, end, lease) : await this.#tellStopped(attempt, end);
    for (const claimed of next) {
      // Asked for before this worker was told to go: nobody would wait for its end.
      if (this.#isStopping) await this.#claims?.giveBack(claimed);
      else this.#start(claimed);
    }
  }

  async #finish(
    attempt: RunningAttempt,
    end: Extract<AttemptEnd, { kind: "outcome" }>,
    lease: Lease,
  ): Promise<readonly Claimed[]> {
    const { outcome, xcoms } = end;
    // The slot that becomes free asks for its next work in the same call.
    const claim = this.#isStopping ? undefined : this.#claims?.open(1, 0);
    const request: FinishRequest = { ...attempt.ref, outcome, xcoms, ...(claim && { claim: claim.request }) };
    const { clock, contract, spool, settings } = this.#parts;
    const sentAt = clock.now();
    const giveUp = this.#leaseEnd(lease);
    const delivery = { contract, spool, clock, spoolAfterMs: settings.spoolAfterMs };
    const delivered = await deliverFinish(request, delivery, giveUp.signal).finally(giveUp.forget);
    if (delivered.kind !== "answered") {
      await this.#notRecorded(attempt, delivered);
      return [];
    }
    const { claimed } = delivered.reply;
    return claim && claimed ? claim.read(claimed, sentAt) : [];
  }

  async #notRecorded(attempt: RunningAttempt, delivered: Exclude<Delivered, { kind: "answered" }>): Promise<void> {
    if (delivered.kind === "fenced") return this.#ended(attempt);
    const reason =
      delivered.kind === "refused" ? delivered.error.message : "the control plane did not answer while the lease lived";
    const { taskInstanceId } = attempt.ref;
    this.#parts.log("error", "An outcome was not recorded.", { taskInstanceId, reason });
  }

  async #tellStopped(
    attempt: RunningAttempt,
    { why, reason, neverRan = false }: Extract<AttemptEnd, { kind: "stopped" }>,
  ): Promise<readonly Claimed[]> {
    if (why === "cancel") await this.#ended(attempt);
    // Ended before the lease did: nobody has to wait for the rest of it.
    if (why === "released" || why === "expired")
      await this.#tryOften(() => this.#parts.contract.release([{ ...attempt.ref, neverRan }], reason));
    return [];
  }

  /** Nothing of it lives: its successor need not wait for the lease to end. */
  #ended(attempt: RunningAttempt): Promise<void> {
    return this.#tryOften(() => this.#parts.contract.ended(attempt.ref));
  }

  /** Worth a few tries, not more: the end of the lease says the same, only later. */
  async #tryOften(tell: () => Promise<void>): Promise<void> {
    const { clock } = this.#parts;
    for (let failures = 0; failures < 5; failures += 1) {
      try {
        return await tell();
      } catch {
        await pause(backoffMs(failures, clock), this.#giveUp.signal, clock);
      }
    }
  }

  /** Its signal aborts when the lease has really ended, or this worker cannot wait any longer. */
  #leaseEnd(lease: Lease): { readonly signal: () => AbortSignal; readonly forget: () => void } {
    const { clock } = this.#parts;
    const ended = new AbortController();
    const margin = this.#terms?.marginMs ?? 0;
    let forget = (): void => undefined;
    const check = (): void => {
      const left = lease.deadline + margin - clock.now();
      if (left <= 0) ended.abort();
      else forget = clock.after(left, check);
    };
    const signal = (): AbortSignal => {
      check();
      return AbortSignal.any([ended.signal, this.#giveUp.signal]);
    };
    return { signal, forget: () => forget() };
  }
}
