import { holdsSlots, isLegalMove, type TaskInstanceState } from "@airloom/core";
import type { Step } from "./search.ts";

export interface Scope {
  /** Instances in a row: the next one starts when the one before has succeeded. */
  readonly instances: number;
  readonly schedulers: number;
  readonly workers: number;
  /** Attempts of one instance that are looked at. */
  readonly attempts: number;
  readonly retries: number;
  /** How often the user clears or marks. */
  readonly favours: number;
  readonly slots: number;
  readonly without?: readonly Fence[];
}

/** What a statement or a worker checks: left out, the search must find what it is for. */
export type Fence =
  | "state of the move"
  | "attempt of the move"
  | "attempt of the finish"
  | "lease is over"
  | "lease is still over at the write"
  | "slots counted at the move"
  | "worker ends before its lease";

export interface Instance {
  readonly state: TaskInstanceState;
  readonly attempt: number;
  readonly tryNumber: number;
  readonly losses: number;
  /** Ticks until the next attempt may start: the lease, and the grace after it. */
  readonly lease: number;
  /** Ticks until a retry is due. */
  readonly due: number;
  /** The worker that the database knows. */
  readonly worker: number | null;
}

/** An attempt as its worker knows it. */
export interface Held {
  readonly instance: number;
  readonly attempt: number;
  /** Ticks until the worker ends it by itself. */
  readonly left: number;
  /** The worker has heard of it; before that only the reply to its claim knows. */
  readonly isStarted: boolean;
  /** How it ended; the process is gone then, the report may not have arrived. */
  readonly ended: "success" | "failure" | "given up" | null;
  /** A heartbeat under way: what it gives if it is answered, and whether the database has seen it. */
  readonly beat: { readonly left: number; readonly seen: boolean } | null;
}

/** What a scheduler read and made up its mind about; it writes later. */
export interface Intention {
  readonly kind: "schedule" | "settle" | "queue" | "rescue" | "release";
  readonly instance: number;
  readonly state: TaskInstanceState;
  readonly attempt: number;
}

export interface World {
  readonly instances: readonly Instance[];
  readonly schedulers: readonly (Intention | null)[];
  readonly workers: readonly (Held | null)[];
  readonly favours: number;
}

/** Which worker or scheduler it is makes no difference: those that are alike stand in one order. */
export function keyOf({ instances, schedulers, workers, favours }: World): string {
  const renamed = workers
    .map((held, worker) => ({ worker, key: JSON.stringify([held, instances.map((one) => one.worker === worker)]) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const names = new Map(renamed.map(({ worker }, index) => [worker, index]));
  const named = instances.map((one) => [
    ...[one.state, one.attempt, one.tryNumber, one.losses, one.lease, one.due],
    one.worker === null ? null : names.get(one.worker),
  ]);
  return JSON.stringify([
    named,
    schedulers.map((seen) => JSON.stringify(seen)).sort(),
    renamed.map(({ key }) => key),
    favours,
  ]);
}

export function move(world: World, at: number, { name, to }: { name: string; to: Partial<Instance> }): Step<World> {
  const one = world.instances[at] as Instance;
  const next = { ...one, ...to };
  const isLegal = one.state === next.state || isLegalMove(one.state, next.state);
  const step = { name, to: withInstance(world, at, next) };
  return isLegal ? step : { ...step, wrong: `${one.state} was moved to ${next.state}` };
}

export const lacks = ({ without = [] }: Scope, fence: Fence): boolean => without.includes(fence);
export const slotsTaken = ({ instances }: Pick<World, "instances">): number =>
  instances.filter(({ state }) => holdsSlots(state)).length;

const replaced = <T>(list: readonly T[], at: number, item: T): readonly T[] =>
  list.map((old, index) => (index === at ? item : old));
export const withInstance = (world: World, at: number, one: Instance): World => ({
  ...world,
  instances: replaced(world.instances, at, one),
});
export const withScheduler = (world: World, at: number, intention: Intention | null): World => ({
  ...world,
  schedulers: replaced(world.schedulers, at, intention),
});
export const withWorker = (world: World, at: number, held: Held | null): World => ({
  ...world,
  workers: replaced(world.workers, at, held),
});
