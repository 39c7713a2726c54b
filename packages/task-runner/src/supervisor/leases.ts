import type { AttemptRef, ExecutionContract, HeartbeatReply, WorkerTerms } from "@airloom/wire";
import { type WorkerLog, wordsOf } from "./worker-log.ts";

/** What hears about a lease: the attempt that holds it. */
export interface LeaseHolder {
  readonly attempt: AttemptRef;
  /** The lease lives on: it has that much time before the attempt must be dead. */
  extended(ms: number): void;
  /** Someone ended the attempt (`cancel`), nothing is known of it (`gone`), or the lease ran out unanswered (`expired`). */
  ended(why: "cancel" | "gone" | "expired", reason: string): void;
}

export interface Lease {
  /** Monotonic time (`performance.now()`) at which the attempt must be dead. */
  readonly deadline: number;
  drop(): void;
}

export interface LeasesOptions {
  readonly contract: Pick<ExecutionContract, "heartbeat">;
  readonly workerId: string;
  readonly terms: WorkerTerms;
  readonly log: WorkerLog;
}

interface Held {
  readonly holder: LeaseHolder;
  deadline: number;
  timer: NodeJS.Timeout | undefined;
}

const mostInFlight = 3;
const keyOf = ({ taskInstanceId, attempt }: Pick<AttemptRef, "taskInstanceId" | "attempt">): string =>
  `${taskInstanceId} ${attempt}`;

/**
 * Keeps the leases of all attempts of this worker by one heartbeat for all, from a timer of its own that nothing else holds up. A lease
 * that cannot be renewed is over here before it is over there: time counts from when the question was sent.
 */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #held = new Map<string, Held>();
  #timer: NodeJS.Timeout | undefined;
  #inFlight = 0;
  #failing = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.beat(), this.#options.terms.heartbeatMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const held of this.#held.values()) clearTimeout(held.timer);
    this.#held.clear();
  }

  /** @param sentAt when the claim was sent: the lease may have begun then. */
  hold(holder: LeaseHolder, sentAt: number, leaseMs: number): Lease {
    const { terms } = this.#options;
    const held: Held = { holder, deadline: sentAt + leaseMs - terms.marginMs, timer: undefined };
    const key = keyOf(holder.attempt);
    this.#held.set(key, held);
    this.#watch(held);
    holder.extended(held.deadline - performance.now());
    // A claim that waited long for work may have used up much of the lease.
    if (held.deadline - performance.now() < leaseMs / 2) this.beat();
    return {
      get deadline() {
        return held.deadline;
      },
      drop: () => {
        clearTimeout(held.timer);
        if (this.#held.get(key) === held) this.#held.delete(key);
      },
    };
  }

  /** Sends one heartbeat for all attempts, now. Never waits for an earlier one. */
  beat(): void {
    if (this.#inFlight >= mostInFlight) return;
    this.#inFlight += 1;
    const { contract, workerId, log } = this.#options;
    const sentAt = performance.now();
    const attempts = [...this.#held.values()].map(({ holder }) => holder.attempt);
    contract
      .heartbeat({ workerId, attempts })
      .then(
        (reply) => {
          this.#failing = false;
          this.#apply(reply, sentAt);
        },
        (error: unknown) => {
          if (!this.#failing) log("warn", "A heartbeat was not answered.", { reason: wordsOf(error) });
          this.#failing = true;
        },
      )
      .finally(() => {
        this.#inFlight -= 1;
      });
  }

  #apply(reply: HeartbeatReply, sentAt: number): void {
    const { marginMs } = this.#options.terms;
    for (const verdict of reply.attempts) {
      const held = this.#held.get(keyOf(verdict));
      if (!held) continue;
      if (verdict.verdict !== "run") {
        held.holder.ended(verdict.verdict, verdict.reason ?? "it is no longer wanted");
      }
      if (verdict.verdict === "gone") continue;
      // Answers may overtake each other: a lease never gets shorter.
      held.deadline = Math.max(held.deadline, sentAt + verdict.remainingMs - marginMs);
      held.holder.extended(held.deadline - performance.now());
      this.#watch(held);
    }
  }

  #watch(held: Held): void {
    clearTimeout(held.timer);
    held.timer = setTimeout(
      () => {
        if (held.deadline > performance.now()) this.#watch(held);
        else held.holder.ended("expired", "its lease ran out before the control plane answered");
      },
      Math.max(0, Math.ceil(held.deadline - performance.now())),
    );
  }
}
