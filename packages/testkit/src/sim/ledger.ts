import type { EventLoop } from "./event-loop.ts";
import type { SimProcess } from "./sim-process.ts";
import type { Trace } from "./trace.ts";
import { Violation } from "./violation.ts";

/** One run of author code, as somebody outside of Airloom would have seen it. */
export interface Execution {
  readonly instanceId: string;
  readonly attempt: number;
  readonly child: SimProcess;
  readonly startedAt: number;
  endedAt: number | null;
}

/** What really ran, whatever the database says. */
export class Ledger {
  readonly #loop: EventLoop;
  readonly #trace: Trace;
  readonly #open = new Map<string, Execution[]>();
  readonly #started = new Set<string>();
  executions = 0;

  constructor(loop: EventLoop, trace: Trace) {
    this.#loop = loop;
    this.#trace = trace;
  }

  start(instanceId: string, attempt: number, child: SimProcess): Execution {
    const key = `${instanceId} ${attempt}`;
    if (this.#started.has(key)) throw new Violation(5, `attempt ${attempt} of ${instanceId} started twice`);
    this.#started.add(key);
    this.executions += 1;
    const execution = { instanceId, attempt, child, startedAt: this.#loop.now, endedAt: null };
    const open = this.#open.get(instanceId) ?? [];
    this.#open.set(instanceId, [...open, execution]);
    this.#trace.note(this.#loop.now, `EXECUTES ${key} in ${child.name}`);
    this.check(instanceId);
    return execution;
  }

  end(execution: Execution): void {
    if (execution.endedAt !== null) return;
    execution.endedAt = this.#loop.now;
    const open = this.#open.get(execution.instanceId) ?? [];
    this.#open.set(
      execution.instanceId,
      open.filter((other) => other !== execution),
    );
    this.#trace.note(this.#loop.now, `ENDS ${execution.instanceId} ${execution.attempt} in ${execution.child.name}`);
  }

  hasStarted(instanceId: string, attempt: number): boolean {
    return this.#started.has(`${instanceId} ${attempt}`);
  }

  /** What is frozen does not run; after the thaw it must be gone before it does anything. */
  check(instanceId: string): void {
    const live = (this.#open.get(instanceId) ?? []).filter(({ child }) => child.frozenUntil <= this.#loop.now);
    if (live.length < 2) return;
    const words = live.map(
      ({ attempt, child, startedAt }) => `${attempt} in ${child.name} since ${startedAt.toFixed(1)}`,
    );
    throw new Violation(4, `executions of ${instanceId} overlap: attempts ${words.join(", ")}`);
  }

  checkAll(): void {
    for (const instanceId of this.#open.keys()) this.check(instanceId);
  }
}
