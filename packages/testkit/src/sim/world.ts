import type { DagSpec } from "@airloom/core";
import { createMemoryDatabase, type HintTopic, type MemoryDatabase } from "@airloom/store";
import { type Counts, noCounts, type Sometimes } from "./counters.ts";
import { EventLoop } from "./event-loop.ts";
import { Ledger } from "./ledger.ts";
import { Mirror } from "./mirror.ts";
import type { Plan, Trouble } from "./plan.ts";
import { beginning } from "./plan-dags.ts";
import { type Random, randomOf } from "./random.ts";
import type { SimProcess } from "./sim-process.ts";
import { Trace } from "./trace.ts";
import { Violation } from "./violation.ts";

/** What all of a simulated world share: its time, its chance, its database, and what is remembered of it. */
export class World {
  readonly plan: Plan;
  readonly trace: Trace;
  readonly loop: EventLoop;
  readonly database: MemoryDatabase;
  readonly counts: Counts = noCounts();
  readonly mirror: Mirror;
  readonly ledger: Ledger;
  readonly random: Random;
  /** By topic: who listens, and in which process. */
  readonly listeners = new Map<HintTopic, Set<{ readonly process: SimProcess; readonly call: () => void }>>();
  /** Process numbers that somebody bears now. */
  readonly livePids = new Set<number>();
  /** Pairs that cannot reach each other, as `worker-1>api-1`. */
  readonly cuts = new Set<string>();
  /** The second phase: nothing goes wrong any more. */
  isHealing = false;
  crashes = 0;
  mayJumpAt = 0;
  /** Freezes a process or its whole machine, by its name. */
  freeze: (name: string) => void = () => undefined;
  /** What stands in the Dag files now, by Dag id. */
  readonly files = new Map<string, DagSpec>();
  /** What somebody was told is done: to be seen at the end. */
  readonly acknowledged: (() => void)[] = [];
  #databaseAhead = 0;
  #lastPid = 100;
  #lastId = 0;

  constructor(plan: Plan, keepsTrace: boolean) {
    this.plan = plan;
    this.trace = new Trace(keepsTrace);
    this.loop = new EventLoop(randomOf(plan.seed, "order"), this.trace);
    this.random = randomOf(plan.seed, "world");
    this.ledger = new Ledger(this.loop, this.trace);
    this.database = createMemoryDatabase({ now: () => new Date(this.databaseTime()) });
    this.mirror = new Mirror(this.database);
  }

  databaseTime(): number {
    return Math.floor(beginning + this.loop.now + this.#databaseAhead);
  }

  jump(ms: number): void {
    this.#databaseAhead += ms;
    this.count("database clock jumped");
  }

  count(name: Sometimes): void {
    this.counts[name] += 1;
  }

  /** Whether this trouble happens now. */
  strikes(trouble: Trouble): boolean {
    return !this.isHealing && this.random.chance(this.plan.rates[trouble]);
  }

  /** The same by somebody's own chance. */
  strikesAs(trouble: Trouble, random: Random): boolean {
    return !this.isHealing && random.chance(this.plan.rates[trouble]);
  }

  newPid(): number {
    this.#lastPid += 1;
    return this.#lastPid;
  }

  /** Later ones sort behind earlier ones, as uuidv7 does. */
  readonly newId = (): string => {
    this.#lastId += 1;
    return `id-${String(this.#lastId).padStart(6, "0")}`;
  };

  note(what: string): void {
    this.trace.note(this.loop.now, what);
  }

  /** A loop outlives its errors; in a world without trouble there are none. */
  reportLoopError(process: SimProcess, message: string): void {
    this.note(`${process.name} says: ${message}`);
    if (this.isHealing) this.loop.fail(new Violation(30, `${process.name}: ${message}`));
  }

  /** Whether this seed has crashes, and not enough of them yet. */
  mayCrash(): boolean {
    const { rates, knobs } = this.plan;
    return !this.isHealing && rates.crashes > 0 && this.crashes < knobs.mostCrashes;
  }

  /** A crash at any await of it, and whatever a supervisor does then. */
  crash(process: SimProcess, where: string): void {
    this.crashes += 1;
    this.note(`CRASH of ${process.name} ${where}`);
    process.end();
  }
}
