import { invariantsFor } from "../invariants.ts";
import { rowsOf } from "../support/database-of.ts";
import { logsAreThere } from "./check/calls.ts";
import { checks } from "./check/checks.ts";
import type { Anomaly, History } from "./history.ts";
import type { Lived } from "./run-history.ts";

export interface Judgement {
  readonly anomalies: readonly Anomaly[];
  /** How often what is to be looked at happened: a history in which nothing happened proves nothing. */
  readonly counts: Readonly<Record<string, number>>;
}

const invariants = invariantsFor({ rescueSeconds: 3, offerSeconds: 5 });

/** All checks over a history, and what its database looks like at the end. */
export async function judge(lived: Lived): Promise<Judgement> {
  const anomalies: Anomaly[] = judgeHistory(lived.history);
  anomalies.push(...errorsOf(lived));
  if (lived.deadlocks > 0) anomalies.push({ check: "deadlocks", what: `PostgreSQL broke ${lived.deadlocks}` });
  for (const what of logsAreThere(lived.history, await logsIn(lived.url))) anomalies.push({ check: "log", what });
  for (const what of lived.stranded) anomalies.push({ check: "stranded", what });
  for (const { number, title, sql } of lived.stranded.length > 0 ? [] : invariants) {
    const rows = await rowsOf<Record<string, unknown>>(lived.url, sql);
    for (const row of rows.slice(0, 3))
      anomalies.push({ check: `invariant ${number}`, what: `${title}: ${JSON.stringify(row)}` });
  }
  return { anomalies, counts: countsOf(lived) };
}

/** Seqs of all records, by instance and attempt, in the order in which they are read. */
async function logsIn(url: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const rows = await rowsOf<{ readonly name: string; readonly seqs: readonly string[] }>(
    url,
    `select task_instance_id || ' ' || attempt as name, array_agg(r.seq order by c.first_seq, r.n) as seqs
    from log_chunk c cross join lateral unnest(c.seqs) with ordinality as r (seq, n) group by 1`,
  );
  return new Map(rows.map(({ name, seqs }) => [name, seqs.map(Number)]));
}

/** Each message once. */
function errorsOf({ log }: Lived): readonly Anomaly[] {
  const counts = new Map<string, number>();
  for (const { actor, message } of log.odd) {
    const what = `${actor}: ${message}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, times]) => ({ check: "error", what: `${what} (${times} times)` }));
}

const judgeHistory = (history: History): Anomaly[] =>
  Object.entries(checks).flatMap(([check, look]) => look(history).map((what) => ({ check, what })));

function countsOf({ history, log, faults, deadlocks }: Lived): Record<string, number> {
  const counts: Record<string, number> = { changes: history.changes.length, broken: log.broken, deadlocks, ...faults };
  for (const { verb, result } of history.calls) counts[`${verb} ${result}`] = (counts[`${verb} ${result}`] ?? 0) + 1;
  for (const { table, before, after } of history.changes) {
    if (table !== "task_instance" || before?.state === after?.state) continue;
    const name = `to ${String(after?.state)}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
