import { readFileSync } from "node:fs";
import { context } from "airloom";
import pg from "pg";

/**
 * Writes into the ledger, a database that Airloom knows nothing of, that this execution of a task began and that it ended. After it
 * has written its beginning it looks at every other execution of the same task instance that has no end: one whose process lives
 * is a proof that two ran at once, whatever Airloom believes. The later of two always sees the earlier one.
 */
export async function recordExecution<T>(work: () => Promise<T>): Promise<T> {
  const { dagId, runId, taskId, mapIndex, attempt, tryNumber } = context();
  const ledger = new pg.Client({ connectionString: process.env.LEDGER_URL });
  await ledger.connect();
  try {
    const instance = [dagId, runId, taskId, mapIndex];
    const { rows } = await ledger.query<{ id: string }>(
      `insert into exec (dag, run, task, map_index, attempt, try, pid, start_ticks)
      values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
      [...instance, attempt, tryNumber, process.pid, startTicks(process.pid)],
    );
    const id = rows[0]?.id;
    const { rows: open } = await ledger.query<{ id: string; pid: number; start_ticks: string }>(
      `select id, pid, start_ticks from exec
      where (dag, run, task, map_index) = ($1, $2, $3, $4) and t_end is null and id <> $5`,
      [...instance, id],
    );
    const met = open.find(({ pid, start_ticks }) => startTicks(pid) === start_ticks);
    if (met) await ledger.query("update exec set met = $2 where id = $1", [id, met.id]);
    const end = (how: "returned" | "threw") =>
      ledger.query("update exec set t_end = clock_timestamp(), how = $2 where id = $1", [id, how]);
    const value = await work().catch(async (error: unknown) => {
      await end("threw");
      throw error;
    });
    await end("returned");
    return value;
  } finally {
    await ledger.end();
  }
}

/** When a living process began; null for one that is dead or only not waited for yet. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
