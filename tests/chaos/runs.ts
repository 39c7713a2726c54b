import type { Run } from "../support/api-of.ts";
import { until } from "../support/until.ts";
import type { Place, RunName } from "./row.ts";
import { verify } from "./verify.ts";

/** Leases of 2 s run out by themselves on a machine that gives a process no turn for so long: runs then take several times as long. */
export const runPatienceMs = 60_000;

/** Starts `holding`: so many tasks that take so long, and waits until all of them are at work. */
export async function holdingAtWork({ cluster, ledger }: Place, conf: { width: number; ms: number }): Promise<Run> {
  const run = await cluster.api.trigger("holding", { conf });
  const look = async () => (await ledger.running(run.dag_run_id)).length === conf.width;
  await until(`${conf.width} tasks are at work`, look, { within: 30_000 });
  return run;
}

/** How many instances the runs of the harness's Dags have besides the mapped ones, and which stand in no ledger. */
const others: Readonly<Record<string, { readonly count: number; readonly unrecorded: readonly string[] }>> = {
  fan_out: { count: 2, unrecorded: [] },
  holding: { count: 1, unrecorded: ["parts"] },
};

/** Waits for the end of a run, and says what is wrong with it. */
export async function endProblems(place: Place, run: RunName, width: number): Promise<readonly string[]> {
  const { cluster, ledger } = place;
  const state = await cluster.api.ended(run, { within: runPatienceMs }).catch((error: unknown) => String(error));
  const problems: string[] = [];
  if (state !== "success") problems.push(`the run: ${state}`, await explained(place, run));
  const { count, unrecorded } = others[run.dag_id] ?? { count: 0, unrecorded: [] };
  problems.push(
    ...(await verify({ databaseUrl: cluster.databaseUrl, ledger, run, instances: width + count, unrecorded })),
  );
  return problems;
}

/** What Airloom itself says of a run that does not end. */
export async function explained({ cluster }: Pick<Place, "cluster">, { dag_id, dag_run_id }: RunName): Promise<string> {
  const answer = await cluster.api
    .ask("GET", `/api/airloom/explain/${dag_id}/${encodeURIComponent(dag_run_id)}`)
    .catch((error: unknown) => ({ body: String(error) }));
  return `explain: ${JSON.stringify(answer.body).slice(0, 2_000)}`;
}

export interface Tries {
  readonly task_id: string;
  readonly map_index: number;
  readonly state: string;
  readonly attempt: number;
  readonly try_number: number;
  readonly losses: number;
}

/** How often the instances of a run were started. */
export const triesOf = ({ cluster }: Place, run: RunName): Promise<readonly Tries[]> =>
  cluster.sql<Tries>(
    `select ti.task_id, ti.map_index, ti.state, ti.attempt, ti.try_number, ti.losses from task_instance ti
    join dag_run r on r.key = ti.run_key where r.dag_id = $1 and r.run_id = $2 order by ti.task_id, ti.map_index`,
    [run.dag_id, run.dag_run_id],
  );

/** Instances that were started more often than once: none, when nothing happened to them. */
export async function restarts(place: Place, run: RunName): Promise<readonly string[]> {
  const again = (await triesOf(place, run)).filter(({ attempt }) => attempt > 1);
  return again.map(
    ({ task_id, map_index, attempt, losses }) =>
      `${task_id}[${map_index}] was started ${attempt} times, ${losses} lost`,
  );
}

/** Instances that used more tries than one, and why: what is lost or handed back uses none. */
export async function triesUsed(place: Place, run: RunName): Promise<readonly string[]> {
  const more = (await triesOf(place, run)).filter(({ try_number }) => try_number > 1);
  if (more.length === 0) return [];
  const failed = await place.cluster.sql<{ task_id: string; map_index: number; outcome: string; failure: unknown }>(
    `select ti.task_id, ti.map_index, a.outcome, a.failure from attempt a join task_instance ti on ti.id = a.task_instance_id
    join dag_run r on r.key = ti.run_key where r.dag_id = $1 and r.run_id = $2 and a.outcome not in ('succeeded', 'lost')`,
    [run.dag_id, run.dag_run_id],
  );
  const names = more.map(({ task_id, map_index, try_number }) => `${task_id}[${map_index}] used ${try_number} tries`);
  return [`${names.join(", ")}: ${JSON.stringify(failed).slice(0, 2_000)}`];
}

/** A small run, from its trigger to its end: milliseconds. */
export async function pingMs({ cluster }: Place, within = 30_000): Promise<number> {
  const began = performance.now();
  const state = await cluster.api.ended(await cluster.api.trigger("pinging"), { within, every: 10 });
  if (state !== "success") throw new Error(`a small run: ${state}`);
  return performance.now() - began;
}
