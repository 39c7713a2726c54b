import { invariantsFor } from "../invariants.ts";
import type { Run } from "../support/api-of.ts";
import { rowsOf } from "../support/database-of.ts";
import type { Ledger } from "../support/ledger.ts";

/** With a lease of 2 s, a grace of 0.8 s and a sweep each 0.3 s, on a machine that is busy with the rest of the tests. */
const invariants = invariantsFor({ rescueSeconds: 6, offerSeconds: 10 });

export interface RunUnderTest {
  readonly databaseUrl: string;
  readonly ledger: Ledger;
  readonly run: Pick<Run, "dag_id" | "dag_run_id">;
  /** How many task instances it must have. */
  readonly instances: number;
  /** Tasks that write nothing into the ledger. */
  readonly unrecorded?: readonly string[];
}

interface Recorded {
  readonly task_id: string;
  readonly map_index: number;
  readonly state: string;
  /** Attempts that are recorded as succeeded. */
  readonly succeeded: readonly number[] | null;
}

/** What is wrong with a run that has ended, and with the whole database, in words. */
export async function verify(under: RunUnderTest): Promise<readonly string[]> {
  const { databaseUrl, ledger, run } = under;
  const problems: string[] = [];
  const overlaps = await ledger.overlaps(run.dag_run_id);
  if (overlaps.length > 0) problems.push(`executions overlap: ${JSON.stringify(overlaps)}`);
  problems.push(...(await outcomeProblems(under)), ...(await brokenInvariants(databaseUrl)));
  return problems;
}

/** What the database breaks of what must always hold, in words. */
export async function brokenInvariants(databaseUrl: string): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { number, title, sql } of invariants) {
    const rows = await rowsOf(databaseUrl, sql);
    if (rows.length > 0) problems.push(`invariant ${number} (${title}): ${JSON.stringify(rows.slice(0, 3))}`);
  }
  return problems;
}

/** Nothing lost, nothing doubled: each instance has one success on record, and the execution of just that attempt went to its end. */
async function outcomeProblems(under: RunUnderTest): Promise<readonly string[]> {
  const { databaseUrl, ledger, run, instances, unrecorded = [] } = under;
  const recorded = await rowsOf<Recorded>(
    databaseUrl,
    `select ti.task_id, ti.map_index, ti.state, array_agg(a.attempt) filter (where a.outcome = 'succeeded') as succeeded
    from task_instance ti join dag_run r on r.key = ti.run_key left join attempt a on a.task_instance_id = ti.id
    where r.dag_id = $1 and r.run_id = $2 group by ti.id`,
    [run.dag_id, run.dag_run_id],
  );
  const finished = new Set(
    (await ledger.executions(run.dag_run_id))
      .filter(({ how }) => how === "returned")
      .map(({ task, map_index, attempt }) => `${task} ${map_index} ${attempt}`),
  );
  const problems = recorded.flatMap(({ task_id, map_index, state, succeeded }) => {
    const name = `${task_id}[${map_index}]`;
    if (state !== "success") return [`${name} is ${state}`];
    if (succeeded?.length !== 1) return [`${name} has ${succeeded?.length ?? 0} successes on record`];
    return unrecorded.includes(task_id) || finished.has(`${task_id} ${map_index} ${succeeded[0]}`)
      ? []
      : [`${name}: its success did not run to its end`];
  });
  if (recorded.length !== instances) problems.push(`${recorded.length} task instances instead of ${instances}`);
  return problems;
}
