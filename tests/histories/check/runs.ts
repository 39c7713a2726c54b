import { type DagRunState, isFinished, isLegalRunMove, isRunFinished, type TaskInstanceState } from "@airloom/core";
import { byCommit, byRow, type Check, type Row, timeOf } from "../history.ts";

const nameOf = (row: Row | null): string => `${row?.dag_id} ${row?.run_id}`;

/** The states of one run follow each other as the table of moves allows. */
export const legalRunMoves: Check = ({ changes }) =>
  [...byRow(changes, "dag_run", "key").values()].flatMap((versions) =>
    versions.flatMap(({ before, after, actor }) => {
      if (!before || !after || before.state === after.state) return [];
      const [from, to] = [before.state as DagRunState, after.state as DagRunState];
      return isLegalRunMove(from, to) ? [] : [`${nameOf(after)}: ${from} to ${to}, by ${actor}`];
    }),
  );

/** A run that ends has nothing left to do, and what it counts as unfinished is unfinished. */
export const endedRunsAreOver: Check = ({ changes }) => {
  const open = new Map<unknown, Set<unknown>>();
  const counted = new Map<unknown, Row>();
  const problems: string[] = [];
  for (const group of byCommit(changes)) {
    const touched = new Set<unknown>();
    for (const { table, after } of group) {
      if (table === "task_instance" && after) {
        const ids = open.get(after.run_key) ?? new Set();
        open.set(after.run_key, ids);
        if (isFinished(after.state as TaskInstanceState)) ids.delete(after.id);
        else ids.add(after.id);
        touched.add(after.run_key);
      }
      if (table === "dag_run" && after) {
        counted.set(after.key, after);
        touched.add(after.key);
      }
    }
    for (const key of touched) {
      const run = counted.get(key);
      const left = open.get(key)?.size ?? 0;
      if (!run) continue;
      if (isRunFinished(run.state as DagRunState) && left > 0)
        problems.push(`${nameOf(run)} is ${run.state} with ${left} unfinished`);
      if (run.unfinished !== left)
        problems.push(`${nameOf(run)} counts ${run.unfinished} unfinished, there are ${left}`);
    }
  }
  return [...new Set(problems)];
};

/** Numbers of a Dag's runs are 1, 2, 3 … in the order in which they were made. */
export const numbersHaveNoGap: Check = ({ changes }) => {
  const last = new Map<unknown, number>();
  return changes.flatMap(({ table, before, after }) => {
    if (table !== "dag_run" || before || !after) return [];
    const expected = (last.get(after.dag_id) ?? 0) + 1;
    last.set(after.dag_id, Number(after.number));
    return after.number === expected ? [] : [`${nameOf(after)} has the number ${after.number} after ${expected - 1}`];
  });
};

/** A schedule's cursor never goes back, nor does its newest run. */
export const cursorsGoOn: Check = ({ changes }) =>
  [...byRow(changes, "dag", "dag_id").values()].flatMap((versions) =>
    versions.flatMap(({ before, after, actor, id }) =>
      ["next_run_after", "last_run_after"].flatMap((column) => {
        const [old, now] = [timeOf(before?.[column]), timeOf(after?.[column])];
        return old === null || now === null || now >= old
          ? []
          : [
              `${column} of ${after?.dag_id} went back from ${before?.[column]} to ${after?.[column]}, by ${actor} (change ${id})`,
            ];
      }),
    ),
  );

/** Scheduled runs are all ticks from the first to the newest, each once. \`everyMs\` by Dag. */
export const ticksAreWhole =
  (everyMs: ReadonlyMap<string, number>): Check =>
  ({ changes }) => {
    const ticks = new Map<string, number[]>();
    for (const { table, before, after } of changes) {
      if (table !== "dag_run" || before || after?.run_type !== "scheduled") continue;
      const dagId = String(after.dag_id);
      ticks.set(dagId, [...(ticks.get(dagId) ?? []), timeOf(after.logical_date) ?? 0]);
    }
    return [...ticks].flatMap(([dagId, times]) => {
      const every = everyMs.get(dagId) ?? 0;
      return times
        .toSorted((a, b) => a - b)
        .flatMap((time, n, all) => {
          const last = all[n - 1];
          return last === undefined || time - last === every
            ? []
            : [`${dagId} has runs of ${new Date(last).toISOString()} and then of ${new Date(time).toISOString()}`];
        });
    });
  };
