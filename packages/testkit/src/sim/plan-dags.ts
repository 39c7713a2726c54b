import { type DagSpec, type TaskSpec, type TimetableSpec, triggerRuleNames } from "@airloom/core";
import { someSpec, someTask } from "../factories/some-spec.ts";
import { mutate } from "./mutate-spec.ts";
import type { Random } from "./random.ts";

/** One Dag file over time: what it holds at first, and what it holds later. */
export interface DagPlan {
  readonly dagId: string;
  readonly versions: readonly DagSpec[];
  /** How many runs people make of it. */
  readonly triggers: number;
}

/** Between two scheduled runs. */
const tickMs = 3_000;

/** When the world begins. */
export const beginning = Date.UTC(2030, 0, 1, 0, 0, 0);

export function planDags(random: Random): readonly DagPlan[] {
  return Array.from({ length: random.whole(1, 3) }, (_, at): DagPlan => {
    const first = planDag(random, `dag_${at + 1}`);
    const versions = [first];
    while (random.chance(0.4) && versions.length < 3) versions.push(mutate(random, versions.at(-1) ?? first));
    return { dagId: first.dagId, versions, triggers: random.whole(0, 2) + (first.schedule.kind === "none" ? 1 : 0) };
  });
}

function planDag(random: Random, dagId: string): DagSpec {
  const failFast = random.chance(0.08);
  const tasks = planTasks(random, failFast);
  const schedule = planSchedule(random);
  const ticks = random.whole(1, 4);
  return someSpec({
    dagId,
    schedule,
    startDate: new Date(beginning).toISOString(),
    endDate: new Date(beginning + ticks * tickMs).toISOString(),
    catchup: random.chance(0.8),
    maxActiveRuns: random.whole(1, 3),
    maxActiveTasks: random.whole(1, 4),
    maxConsecutiveFailedRuns: random.chance(0.1) ? random.whole(1, 2) : 0,
    runTimeoutSeconds: random.chance(0.12) ? random.whole(1, 10) : null,
    failFast,
    params: { schema: { type: "object" }, defaults: { list: [1, 2, 3].slice(0, random.whole(0, 3)) } },
    groups: tasks.some(({ group }) => group !== null)
      ? [{ id: "g", displayName: "g", tooltip: null, parent: null }]
      : [],
    tasks,
  });
}

const planSchedule = (random: Random): TimetableSpec =>
  random.chance(0.4)
    ? { kind: "delta", seconds: tickMs / 1_000, interval: random.pick(["point", "data"]) }
    : { kind: "none" };

type Shape = (random: Random, count: number) => readonly (readonly number[])[];

/** For each task the ones directly before it. */
const shapes: readonly Shape[] = [
  // A chain.
  (_, count) => Array.from({ length: count }, (_, at) => (at === 0 ? [] : [at - 1])),
  // Out and in again.
  (_, count) =>
    Array.from({ length: count }, (_, at) => {
      if (at === 0) return [];
      return at < count - 1 || count === 2 ? [0] : range(1, count - 2);
    }),
  // Anything.
  (random, count) =>
    Array.from({ length: count }, (_, at) => range(0, at - 1).filter(() => random.chance(at > 4 ? 0.3 : 0.5))),
];

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);

function planTasks(random: Random, failFast: boolean): readonly TaskSpec[] {
  const count = random.whole(1, 7);
  const edges = random.pick(shapes)(random, count);
  const inGroup = random.chance(0.2) ? random.whole(1, count) : count;
  const idOf = (at: number): string => (at >= inGroup ? `g.t${at}` : `t${at}`);
  const tasks = edges.map((before, at) =>
    planTask(random, { id: idOf(at), upstream: before.map(idOf).sort(), failFast }),
  );
  const isMappedOver = (id: string): boolean =>
    tasks.some(({ mapped, args }) => mapped && args.some((arg) => arg.kind === "xcom" && arg.task === id));
  return tasks.map((task) => {
    const elementwise = isMappedOver(task.id) && random.chance(0.5);
    return withBranches(random, { ...task, elementwise }, tasks);
  });
}

interface TaskPlace {
  readonly id: string;
  readonly upstream: readonly string[];
  readonly failFast: boolean;
}

function planTask(random: Random, { id, upstream, failFast }: TaskPlace): TaskSpec {
  const isRuled = upstream.length > 0 && !failFast && random.chance(0.4);
  return someTask({
    id,
    upstream,
    group: id.startsWith("g.") ? "g" : null,
    kind: random.chance(0.08) ? "short_circuit" : random.chance(0.05) ? "empty" : "task",
    triggerRule: isRuled ? random.pick(triggerRuleNames) : "all_success",
    retries: random.pick([0, 0, 1, 2]),
    retryDelaySeconds: random.pick([0, 1, 2]),
    retryBackoff: random.pick([1, 1, 2]),
    executionTimeoutSeconds: random.chance(0.08) ? 1 : null,
    pool: random.pick(["default_pool", "default_pool", "small"]),
    poolSlots: random.pick([1, 1, 1, 2]),
    priorityWeight: random.whole(1, 3),
    weightRule: random.pick(["downstream", "upstream", "absolute"]),
    queue: random.pick(["default", "default", "default", "other"]),
    executor: random.chance(0.1) ? "sequential" : null,
    maxActivePerDag: random.chance(0.12) ? random.whole(1, 2) : null,
    maxActivePerRun: random.chance(0.12) ? 1 : null,
    dependsOnPast: random.chance(0.07),
    waitForDownstream: random.chance(0.04),
    onLost: random.chance(0.12) ? "fail" : "retry",
    ...argumentsOf(random, upstream),
  });
}

function argumentsOf(random: Random, upstream: readonly string[]): Partial<TaskSpec> {
  if (!random.chance(0.25))
    return { args: upstream.filter(() => random.chance(0.5)).map((task) => ({ kind: "xcom", task })) };
  const [source] = upstream;
  if (source !== undefined && random.chance(0.7)) return { mapped: true, args: [{ kind: "xcom", task: source }] };
  const literal = { kind: "value", value: [1, 2, 3].slice(0, random.whole(0, 3)) } as const;
  return { mapped: true, args: [random.chance(0.3) ? { kind: "param", path: ["list"] } : literal] };
}

/** A task that others follow may choose between them. */
function withBranches(random: Random, task: TaskSpec, all: readonly TaskSpec[]): TaskSpec {
  const after = all.filter(({ upstream }) => upstream.includes(task.id)).map(({ id }) => id);
  if (task.mapped || task.kind !== "task" || after.length === 0 || !random.chance(0.15)) return task;
  const half = random.whole(0, after.length);
  return { ...task, kind: "branch", branches: { left: after.slice(0, half), right: after.slice(half) } };
}
