import { createHash } from "node:crypto";
import { AirloomError } from "@airloom/core";
import type { ClaimReply, ClaimRequest, ExecutionContract, TaskWorkload } from "@airloom/wire";
import { backoffMs, type Clock, pause } from "./waiting.ts";
import { type WorkerLog, wordsOf } from "./worker-log.ts";

export interface Claimed {
  readonly workload: TaskWorkload;
  readonly token: string;
  /** Monotonic time when the claim was sent. */
  readonly sentAt: number;
}

export interface WorkClaimsOptions {
  readonly contract: Pick<ExecutionContract, "claim" | "release">;
  readonly workerId: string;
  readonly executor: string;
  readonly queues: readonly string[];
  readonly waitMs: number;
  readonly freeSlots: () => number;
  readonly warmArtifacts: () => readonly string[];
  readonly start: (claimed: Claimed) => void;
  /** The control plane does not know this worker any more. */
  readonly unknown: () => Promise<void>;
  /** A secret that nobody can guess. */
  readonly newToken: () => string;
  readonly clock: Clock;
  readonly log: WorkerLog;
}

/** Secrets made here, whose hashes were sent: by them work whose answer was lost can be asked for again. */
export interface OpenClaim {
  readonly request: ClaimRequest;
  /** What came, with the tokens that it holds. */
  read(reply: ClaimReply, sentAt: number): readonly Claimed[];
}

/** Asks for work whenever slots are free: one long question at a time, for all of them. */
export class WorkClaims {
  readonly #options: WorkClaimsOptions;
  readonly #stopping = new AbortController();
  #wake: () => void = () => undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: WorkClaimsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Asks no more. Work that was given in the same moment is given back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#loop;
  }

  /** A slot is free. */
  slotFreed(): void {
    this.#wake();
  }

  /** A claim for so many attempts, to be sent with something else. */
  open(count: number, waitMs: number): OpenClaim {
    const { workerId, executor, queues, warmArtifacts, newToken } = this.#options;
    const tokens = new Map<string, string>();
    for (let made = 0; made < count; made += 1) {
      const token = newToken();
      tokens.set(createHash("sha256").update(token).digest("hex"), token);
    }
    return {
      request: { workerId, executor, queues, tokenHashes: [...tokens.keys()], warmArtifacts: warmArtifacts(), waitMs },
      read: ({ workloads }, sentAt) =>
        workloads.flatMap((workload) => {
          const token = tokens.get(workload.tokenHash);
          return token === undefined ? [] : [{ workload, token, sentAt }];
        }),
    };
  }

  async #run(): Promise<void> {
    const { freeSlots, waitMs, start } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const free = freeSlots();
      if (free <= 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      for (const claimed of await this.#ask(this.open(free, waitMs))) {
        if (signal.aborted) await this.giveBack(claimed);
        else start(claimed);
      }
    }
  }

  /** Asks until there is an answer: what a lost one gave comes with the next. */
  async #ask(claim: OpenClaim): Promise<readonly Claimed[]> {
    const { contract, clock } = this.#options;
    const { signal } = this.#stopping;
    let { request } = claim;
    for (let failures = 0; ; failures += 1) {
      const sentAt = clock.now();
      try {
        return claim.read(await contract.claim(request, signal), sentAt);
      } catch (error) {
        if (signal.aborted) return this.#askOnceMore(claim);
        await this.#failed(error, failures);
        request = { ...request, repeat: true };
      }
    }
  }

  /** The question was broken off: the answer may have been on its way. No queue: nothing new. */
  async #askOnceMore(claim: OpenClaim): Promise<readonly Claimed[]> {
    const request = { ...claim.request, queues: [], waitMs: 0, repeat: true };
    const { contract, clock } = this.#options;
    const sentAt = clock.now();
    return contract.claim(request).then(
      (reply) => claim.read(reply, sentAt),
      () => [],
    );
  }

  async #failed(error: unknown, failures: number): Promise<void> {
    const { log, unknown, clock } = this.#options;
    if (failures === 0) log("warn", "The control plane does not give work.", { reason: wordsOf(error) });
    if (error instanceof AirloomError && error.code === "NOT_FOUND") await unknown();
    await pause(backoffMs(failures, clock), this.#stopping.signal, clock);
  }

  /** Nothing of it ran. */
  async giveBack({ workload, token }: Claimed): Promise<void> {
    const { taskInstanceId, attempt } = workload;
    await this.#options.contract
      .release([{ taskInstanceId, attempt, token, neverRan: true }], "the worker is stopping")
      .catch(() => undefined);
  }
}
