import type { AttemptRef, ExecutionContract, HeartbeatReply, WorkerTerms } from "@airloom/wire";
import type { Clock } from "./waiting.ts";
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
  /** By the monotonic clock: when the attempt must be dead. */
  readonly deadline: number;
  drop(): void;
}

export interface LeasesOptions {
  readonly contract: Pick<ExecutionContract, "heartbeat">;
  readonly workerId: string;
  readonly terms: WorkerTerms;
  readonly clock: Clock;
  readonly log: WorkerLog;
}

interface Held {
  readonly holder: LeaseHolder;
  deadline: number;
  forget: () => void;
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
  #forget: () => void = () => undefined;
  #inFlight = 0;
  #failing = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, terms } = this.#options;
    this.#forget = clock.after(terms.heartbeatMs, () => {
      this.start();
      this.beat();
    });
  }

  stop(): void {
    this.#forget();
    for (const held of this.#held.values()) held.forget();
    this.#held.clear();
  }

  /** @param sentAt when the claim was sent: the lease may have begun then. */
  hold(holder: LeaseHolder, sentAt: number, leaseMs: number): Lease {
    const { terms, clock } = this.#options;
    const held: Held = { holder, deadline: sentAt + leaseMs - terms.marginMs, forget: () => undefined };
    const key = keyOf(holder.attempt);
    this.#held.set(key, held);
    this.#watch(held);
    holder.extended(held.deadline - clock.now());
    // A claim that waited long for work may have used up much of the lease.
    if (held.deadline - clock.now() < leaseMs / 2) this.beat();
    return {
      get deadline() {
        return held.deadline;
      },
      drop: () => {
        held.forget();
        if (this.#held.get(key) === held) this.#held.delete(key);
      },
    };
  }

  /** Sends one heartbeat for all attempts, now. Never waits for an earlier one. */
  beat(): void {
    if (this.#inFlight >= mostInFlight) return;
    this.#inFlight += 1;
    const { contract, workerId, clock, log } = this.#options;
    const sentAt = clock.now();
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
    const { clock, terms } = this.#options;
    const { marginMs } = terms;
    for (const verdict of reply.attempts) {
      const held = this.#held.get(keyOf(verdict));
      if (!held) continue;
      if (verdict.verdict !== "run") {
        held.holder.ended(verdict.verdict, verdict.reason ?? "it is no longer wanted");
      }
      if (verdict.verdict === "gone") continue;
      // Answers may overtake each other: a lease never gets shorter.
      held.deadline = Math.max(held.deadline, sentAt + verdict.remainingMs - marginMs);
      held.holder.extended(held.deadline - clock.now());
      this.#watch(held);
    }
  }

  #watch(held: Held): void {
    const { clock } = this.#options;
    held.forget();
    held.forget = clock.after(Math.max(0, Math.ceil(held.deadline - clock.now())), () => {
      if (held.deadline > clock.now()) this.#watch(held);
      else held.holder.ended("expired", "its lease ran out before the control plane answered");
    });
  }
}
