import { invariantsFor } from "../invariants.ts";
import { rowsOf } from "../support/database-of.ts";
import type { Ledger } from "../support/ledger.ts";
import type { DoneRun } from "./workloads.ts";

/** For a lease of 2 s, a grace of 0.8 s and a sweep each 0.3 s, beside a pause of 3 s that a failpoint may make. */
const invariants = invariantsFor({ rescueSeconds: 9, offerSeconds: 10 });

interface Recorded {
  readonly name: string;
  readonly state: string;
  readonly succeeded: readonly number[];
}

/** What is wrong with runs that are over, by what Airloom has on record and by the ledger that it knows nothing of. */
export async function problemsOf(
  databaseUrl: string,
  ledger: Ledger,
  runs: readonly DoneRun[],
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const done of runs) problems.push(...(await problemsOfRun(databaseUrl, ledger, done)));
  for (const { number, title, sql } of invariants) {
    const rows = await rowsOf(databaseUrl, sql);
    if (rows.length > 0) problems.push(`invariant ${number}, ${title}: ${JSON.stringify(rows.slice(0, 3))}`);
  }
  return problems;
}

async function problemsOfRun(
  databaseUrl: string,
  ledger: Ledger,
  { run, instances, clears }: DoneRun,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const overlaps = await ledger.overlaps(run.dag_run_id);
  if (overlaps.length > 0) problems.push(`overlapping executions: ${JSON.stringify(overlaps)}`);
  const returned = new Set<string>();
  for (const { how, task, map_index, attempt } of await ledger.executions(run.dag_run_id))
    if (how === "returned") returned.add(`${task}[${map_index}] ${attempt}`);
  const recorded = await rowsOf<Recorded>(
    databaseUrl,
    `select ti.task_id || '[' || ti.map_index || ']' as name, ti.state,
      array(select a.attempt from attempt a where a.task_instance_id = ti.id and a.outcome = 'succeeded') as succeeded
    from task_instance ti join dag_run r on r.key = ti.run_key where (r.dag_id, r.run_id) = ($1, $2)`,
    [run.dag_id, run.dag_run_id],
  );
  if (recorded.length !== instances) problems.push(`${recorded.length} task instances instead of ${instances}`);
  for (const { name, state, succeeded } of recorded) {
    if (state !== "success") problems.push(`${name} is ${state}`);
    if (succeeded.length < 1 || succeeded.length > 1 + clears)
      problems.push(`${name} has ${succeeded.length} successes on record`);
    for (const attempt of succeeded)
      if (!returned.has(`${name} ${attempt}`))
        problems.push(`attempt ${attempt} of ${name} succeeded and never got to its end`);
  }
  return problems;
}
