import { someSpec, someTask } from "@airloom/testkit";
import type { Call, Change, History, Row } from "../history.ts";

/** A history made by hand: each step is one transaction, ten milliseconds after the one before. */
export interface Story {
  /** Changes of one transaction. */
  commit(actor: string, ...changes: readonly Pick<Change, "table" | "before" | "after">[]): void;
  call(verb: string, args: Row, answer: unknown): void;
  told(): History;
}

const start = Date.UTC(2026, 0, 1);
const stepMs = 10;

const spec = someSpec({
  dagId: "d",
  maxActiveRuns: 1,
  maxActiveTasks: 1,
  tasks: [
    someTask({ id: "a", pool: "p", executor: "e" }),
    someTask({ id: "b", upstream: ["a"], pool: "p", executor: "e" }),
  ],
});

export function createStory(): Story {
  const changes: Change[] = [];
  const calls: Call[] = [];
  let step = 0;
  const now = () => start + step * stepMs;
  return {
    commit(actor, ...given) {
      step += 1;
      for (const change of given) {
        const at = { id: changes.length + 1, commit: now() * 1_000, at: now(), statementAt: now() };
        changes.push({ ...at, actor, ...change });
      }
    },
    call(verb, args, answer) {
      calls.push({ caller: "worker", verb, args, from: now() - 1, to: now() + 1, result: "ok", answer });
    },
    told: () => ({
      changes,
      calls,
      specs: new Map([["d", spec]]),
      terms: { leaseMs: new Map([["api", 1_000]]), graceMs: 100 },
    }),
  };
}

export const timeText = (ms: number): string => new Date(start + ms).toISOString();

/** An instance of the run 1 as its row stands. */
export const instance = (taskId: string, columns: Row = {}): Row => ({
  id: `id of ${taskId}`,
  run_key: 1,
  dag_id: "d",
  task_id: taskId,
  map_index: -1,
  state: "none",
  attempt: 0,
  pool: "p",
  pool_slots: 1,
  executor: "e",
  code: null,
  token_hash: null,
  lease_until: null,
  ...columns,
});

/** The steps of one row from version to version; the first is its insert. */
export function versions(table: string, ...rows: readonly Row[]) {
  return rows.map((after, n) => ({ table, before: rows[n - 1] ?? null, after }));
}
