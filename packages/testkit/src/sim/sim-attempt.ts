import { AirloomError } from "@airloom/core";
import type { RunningAttempt } from "@airloom/task-runner";
import type { AttemptRef, ExecutionContract, Outcome, TaskWorkload, WorkerTerms } from "@airloom/wire";
import { checkInputs } from "./invariants/check-inputs.ts";
import type { Execution } from "./ledger.ts";
import { SimProcess } from "./sim-process.ts";
import { type Behaviour, behaviourOf } from "./task-behaviour.ts";
import type { World } from "./world.ts";

type AttemptEnd = Awaited<ReturnType<RunningAttempt["run"]>>;
type StopReason = Parameters<RunningAttempt["stop"]>[0];

export interface AttemptSurroundings {
  readonly world: World;
  readonly worker: SimProcess;
  readonly contract: ExecutionContract;
  readonly terms: WorkerTerms;
  /** A child process on this machine begins. */
  readonly began: (child: SimProcess) => void;
}

/**
 * An attempt whose child is simulated: it takes virtual time, succeeds or fails, may not listen, is killed, dies with its supervisor
 * or by its own watch on the lease. When it says what to whom is as in `task-attempt.ts`.
 */
export class SimAttempt implements RunningAttempt {
  readonly ref: AttemptRef;
  readonly #at: AttemptSurroundings;
  readonly #workload: TaskWorkload;
  readonly #behaviour: Behaviour;
  #stop: { readonly why: StopReason; readonly reason: string } | null = null;
  #child: SimProcess | null = null;
  #execution: Execution | null = null;
  #leaseMs = 0;
  #forgetWatch: () => void = () => undefined;
  #settle: (end: AttemptEnd) => void = () => undefined;

  constructor(at: AttemptSurroundings, workload: TaskWorkload, token: string) {
    const { taskInstanceId, attempt } = workload;
    this.ref = { taskInstanceId, attempt, token };
    this.#at = at;
    this.#workload = workload;
    this.#behaviour = behaviourOf(at.world, workload);
  }

  run(): Promise<AttemptEnd> {
    const { worker, world } = this.#at;
    return new Promise((resolve) => {
      this.#settle = resolve;
      if (this.#stop) return this.#over(null);
      worker.timers.after(world.random.between(0, 20), () => {
        if (this.#stop) this.#over(null);
        else this.#begin();
      });
    });
  }

  #begin(): void {
    const { world, worker } = this.#at;
    const { taskInstanceId, attempt } = this.ref;
    const child = new SimProcess(world.loop, { name: `${worker.name}/child`, pid: world.newPid(), rate: worker.rate });
    child.frozenUntil = worker.frozenUntil;
    this.#child = child;
    this.#at.began(child);
    const execution = world.ledger.start(taskInstanceId, attempt, child);
    checkInputs(world, this.#workload);
    this.#execution = execution;
    child.onEnd(() => {
      world.ledger.end(execution);
      // The supervisor hears of it a moment later, if it lives.
      world.loop.after(1, { owner: worker, label: `${worker.name} sees its child end` }, () => this.#over(died));
    });
    this.#watch();
    this.#useControlPlane(child);
    child.timers.after(this.#behaviour.ms, () => this.#complete(child));
    const { executionTimeoutSeconds } = this.#workload.task;
    if (executionTimeoutSeconds !== null) {
      worker.timers.after(executionTimeoutSeconds * 1_000, () => {
        if (this.#execution?.endedAt !== null) return;
        world.count("task timed out");
        this.stop("timeout", "it took too long");
      });
    }
  }

  /** The child has said how it ended; its process rests. */
  #complete(child: SimProcess): void {
    const { world, worker } = this.#at;
    if (this.#execution) world.ledger.end(this.#execution);
    this.#forgetWatch();
    this.#child = null;
    world.loop.after(world.random.between(0, 2), { owner: worker, label: `${worker.name} hears its child` }, () => {
      this.#over(this.#behaviour.outcome);
      child.end();
    });
  }

  stop(why: StopReason, reason: string): void {
    const { world, worker, terms } = this.#at;
    const isUrgent = why === "gone" || why === "expired";
    if (why === "expired") world.count("lease expired at the worker");
    if (this.#stop && !isUrgent) return;
    this.#stop ??= { why, reason };
    const child = this.#child;
    if (!child) return;
    if (isUrgent) {
      child.end();
      return;
    }
    const { abortGraceMs } = world.plan.knobs;
    const ms = this.#behaviour.isStubborn ? abortGraceMs + terms.killGraceMs : world.random.between(0, abortGraceMs);
    worker.timers.after(ms, () => child.end());
  }

  extend(ms: number): void {
    this.#leaseMs = ms;
    if (this.#child) this.#watch();
  }

  async endLog(): Promise<void> {
    const { contract, world } = this.#at;
    if (!world.random.chance(0.2)) return;
    const record = { seq: 0, ts: world.databaseTime(), level: "info", source: "task", msg: "done" } as const;
    await contract.appendLogs({ attempt: this.ref, records: [record] }).catch(() => undefined);
  }

  /** The child's own watch: a supervisor that is stopped ends nothing. */
  #watch(): void {
    const child = this.#child;
    this.#forgetWatch();
    if (child) this.#forgetWatch = child.timers.after(Math.max(0, this.#leaseMs), () => child.end());
  }

  /** What author code asks for while it runs; a refusal ends it. */
  #useControlPlane(child: SimProcess): void {
    const { world, contract } = this.#at;
    if (!world.random.chance(0.1)) return;
    child.timers.after(this.#behaviour.ms / 2, () => {
      const asked = world.random.chance(0.5)
        ? contract.pushXCom(this.ref, "note", new Uint8Array([1]))
        : contract.getVariable(this.ref, "region");
      asked.catch((error: unknown) => {
        if (error instanceof AirloomError && error.code === "ATTEMPT_FENCED") this.stop("gone", error.message);
      });
    });
  }

  #over(outcome: Outcome | null): void {
    const stop = this.#stop;
    if (stop && stop.why !== "timeout")
      this.#settle({ kind: "stopped", ...stop, why: stop.why, neverRan: this.#execution === null });
    else if (stop) this.#settle({ kind: "outcome", outcome: timedOut, xcoms: [] });
    else if (outcome) {
      const xcoms = outcome === this.#behaviour.outcome ? this.#behaviour.xcoms : [];
      this.#settle({ kind: "outcome", outcome, xcoms });
    }
  }
}

const failure = (kind: "signal" | "timeout"): Outcome => ({
  kind: "failed",
  retry: true,
  error: { kind, name: "Simulated", message: "it was ended", stack: null, location: null },
});
const died = failure("signal");
const timedOut = failure("timeout");
