import type { Service } from "@airloom/core";

/**
 * Where tasks run: the control half. `queued` in the store is the queue of record, so every verb is idempotent and describes a
 * level, not an edge. The worker half is always the task-runner: hosted by standalone, by a fleet, or by a pod.
 */
export interface Executor extends Service {
  /** What a task's `executor` names. */
  readonly name: string;
  /** Says that something is queued for it: workers look now. Lost or repeated calls do no harm. */
  offer(): Promise<void>;
  /** Takes back what nobody claimed yet: it is scheduled again, with no try used. @returns how many. */
  withdraw(taskInstanceIds: readonly string[]): Promise<number>;
  inspect(): Promise<ExecutorReport>;
}

export interface ExecutorReport {
  /** Attempts at once that may be queued or running; 0 = no limit. */
  readonly parallelism: number;
  readonly queued: number;
  readonly live: number;
  /** Slots of its workers that sent a heartbeat lately. */
  readonly slots: number;
}
