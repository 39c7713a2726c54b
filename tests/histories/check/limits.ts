import { holdsSlots, type TaskInstanceState } from "@airloom/core";
import { byCommit, type Change, type Check, type History, type Row } from "../history.ts";

/** A limit as it stands at one instant: what it is of, how much there may be and how much there is. */
class Counts {
  readonly #taken = new Map<string, number>();

  add(name: string, by: number): void {
    this.#taken.set(name, (this.#taken.get(name) ?? 0) + by);
  }

  of(name: string): number {
    return this.#taken.get(name) ?? 0;
  }
}

const isLive = (row: Row | null): boolean => row !== null && holdsSlots(row.state as TaskInstanceState);

/** Everything that an instance takes of while it holds slots. */
function takenBy(row: Row, { specs }: History): readonly (readonly [string, number])[] {
  const task = specs.get(String(row.dag_id))?.tasks.find(({ id }) => id === row.task_id);
  return [
    [`pool ${row.pool}`, Number(row.pool_slots)],
    [`executor ${row.executor}`, 1],
    [`run ${row.run_key} of ${row.dag_id}`, 1],
    ...(task?.maxActivePerDag == null ? [] : [[`task ${row.dag_id} ${row.task_id}`, 1] as const]),
    ...(task?.maxActivePerRun == null ? [] : [[`task ${row.dag_id} ${row.task_id} of run ${row.run_key}`, 1] as const]),
  ];
}

function limitOf(name: string, row: Row, { limits, history }: Replay): number {
  if (name.startsWith("pool") || name.startsWith("executor")) return limits.get(name) ?? 0;
  const spec = history.specs.get(String(row.dag_id));
  if (name.startsWith("run")) return spec?.maxActiveTasks ?? 0;
  const task = spec?.tasks.find(({ id }) => id === row.task_id);
  return (name.includes(" of run ") ? task?.maxActivePerRun : task?.maxActivePerDag) ?? Number.POSITIVE_INFINITY;
}

interface Replay {
  readonly history: History;
  readonly limits: Map<string, number>;
  readonly taken: Counts;
  readonly runs: Counts;
}

/** The limit rows themselves may change: what is admitted from then on keeps to the new ones. */
function applyLimits({ limits }: Replay, { table, after }: Change): void {
  if (table === "pool" && after)
    limits.set(`pool ${after.name}`, Number(after.slots) < 0 ? Number.POSITIVE_INFINITY : Number(after.slots));
  if (table === "executor" && after)
    limits.set(`executor ${after.name}`, Number(after.parallelism) || Number.POSITIVE_INFINITY);
}

function applyInstance(replay: Replay, { table, before, after }: Change): void {
  if (table !== "task_instance") return;
  if (before && isLive(before))
    for (const [name, slots] of takenBy(before, replay.history)) replay.taken.add(name, -slots);
  if (after && isLive(after)) for (const [name, slots] of takenBy(after, replay.history)) replay.taken.add(name, slots);
}

function applyRun({ runs }: Replay, { table, before, after }: Change): void {
  if (table !== "dag_run") return;
  if (before?.state === "running") runs.add(String(before.dag_id), -1);
  if (after?.state === "running") runs.add(String(after.dag_id), 1);
}

/** At the instant of each commit that admits something, every limit it falls under is kept. */
export const limitsAreKept: Check = (history) => {
  const replay: Replay = { history, limits: new Map(), taken: new Counts(), runs: new Counts() };
  const problems: string[] = [];
  for (const changes of byCommit(history.changes)) {
    for (const change of changes) {
      applyLimits(replay, change);
      applyInstance(replay, change);
      applyRun(replay, change);
    }
    for (const change of changes) problems.push(...passedBy(replay, change));
  }
  return [...new Set(problems)];
};

function passedBy(replay: Replay, { table, before, after, actor, id }: Change): readonly string[] {
  if (table === "task_instance" && after && isLive(after) && !isLive(before)) {
    return takenBy(after, replay.history).flatMap(([name]) => {
      const [taken, limit] = [replay.taken.of(name), limitOf(name, after, replay)];
      return taken <= limit ? [] : [`${taken} of ${limit} of ${name} are taken, by ${actor} (change ${id})`];
    });
  }
  if (table !== "dag_run" || after?.state !== "running" || before?.state === "running") return [];
  const limit = replay.history.specs.get(String(after.dag_id))?.maxActiveRuns ?? 0;
  const running = replay.runs.of(String(after.dag_id));
  return running <= limit ? [] : [`${running} of ${limit} runs of ${after.dag_id} run, by ${actor} (change ${id})`];
}
