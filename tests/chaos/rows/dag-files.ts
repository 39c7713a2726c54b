import { rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "../../support/until.ts";
import { between } from "../chance.ts";
import { type ChaosRow, type Place, type RowEnd, since } from "../row.ts";
import { pingMs } from "../runs.ts";

/** Tasks in a row, each of which takes a while. */
const fileOf = (dagId: string, tasks: readonly string[]): string => `
import { setTimeout as pause } from "node:timers/promises";
import { chain, dag, task } from "airloom";
const tasks = ${JSON.stringify(tasks)}.map((id) => task(id, async (): Promise<string> => { await pause(400); return id; }));
export default dag(${JSON.stringify(dagId)}, { maxActiveRuns: 64 }, () => { chain(...tasks.map((one) => one())); });
`;

let serial = 0;

async function published(place: Place, tasks: readonly string[]) {
  const { cluster, chance } = place;
  serial += 1;
  const dagId = `file_${serial}_${Math.floor(chance() * 1e9)}`;
  const path = `dags/${dagId}.ts`;
  cluster.project.write(path, fileOf(dagId, tasks));
  await until("it is published", () => cluster.api.get(`/api/v2/dags/${dagId}`), { within: 20_000 });
  return { dagId, path };
}

const statesOf = async ({ cluster }: Place, runId: string): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(
    (
      await cluster.sql<{ task_id: string; state: string }>(
        `select ti.task_id, ti.state from task_instance ti join dag_run r on r.key = ti.run_key where r.run_id = $1`,
        [runId],
      )
    ).map(({ task_id, state }) => [task_id, state]),
  );

/** The file goes away at some moment of a run. */
async function deleted(place: Place): Promise<RowEnd> {
  const { cluster, chance } = place;
  const { dagId, path } = await published(place, ["one", "two", "three", "four"]);
  const run = await cluster.api.trigger(dagId);
  await pause(between(0, 1_200, chance));
  rmSync(cluster.project.path(path));
  const began = performance.now();
  const problems: string[] = [];
  const stale = until(
    "it is shown as gone",
    async () =>
      (await cluster.sql<{ is_stale: boolean }>("select is_stale from dag where dag_id = $1", [dagId]))[0]?.is_stale,
    { within: 25_000, every: 100 },
  ).catch((error: unknown) => problems.push(String(error)));
  const state = await cluster.api.ended(run, { within: 30_000 });
  if (state !== "success") problems.push(`the run: ${state} ${JSON.stringify(await statesOf(place, run.dag_run_id))}`);
  const recovery = since(began);
  await stale;
  await pingMs(place);
  return { hit: "the file of a running Dag deleted", recovery, problems };
}

/** The file gets other tasks at some moment of a run, and what ran is cleared afterwards. */
async function edited(place: Place): Promise<RowEnd> {
  const { cluster, chance } = place;
  const old = ["one", "two", "three", "four"];
  const { dagId, path } = await published(place, old);
  const run = await cluster.api.trigger(dagId);
  await pause(between(0, 1_200, chance));
  const next = chance() < 0.5 ? ["one", "four"] : ["one", "deux", "three", "four", "five"];
  cluster.project.write(path, fileOf(dagId, next));
  const began = performance.now();
  await until(
    "the new version is published",
    async () =>
      (await cluster.sql<{ n: number }>("select version_number::int as n from dag where dag_id = $1", [dagId]))[0]
        ?.n === 2,
    { within: 20_000 },
  );
  const problems = [...(await sameTasks(place, run.dag_run_id, old))];
  const cleared = await cluster.api.ask("POST", `/api/v2/dags/${dagId}/clearTaskInstances`, {
    dag_run_id: run.dag_run_id,
    dry_run: false,
    only_failed: false,
    task_ids: ["two", "four"],
  });
  if (cleared.status !== 200) problems.push(`the clear was answered ${cleared.status}`);
  problems.push(...(await sameTasks(place, run.dag_run_id, old)));
  const newer = await cluster.api.trigger(dagId);
  await until(
    "the new version's run has ended",
    async () => (await cluster.api.run(dagId, newer.dag_run_id)).state === "success",
    { within: 30_000 },
  );
  problems.push(...(await sameTasks(place, newer.dag_run_id, next)));
  return { hit: `tasks ${old.join(" ")} became ${next.join(" ")}`, recovery: since(began), problems };

  async function sameTasks(where: Place, runId: string, tasks: readonly string[]): Promise<readonly string[]> {
    const state = await cluster.api.ended({ dag_id: dagId, dag_run_id: runId }, { within: 30_000 });
    const states = await statesOf(where, runId);
    const right = state === "success" && Object.keys(states).sort().join() === [...tasks].sort().join();
    return right ? [] : [`the run is ${state} with ${JSON.stringify(states)}`];
  }
}

/** What stands in the database of one Dag is broken by hand: nobody can decide about its runs. */
async function poisoned(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const before = await medianPing(place);
  const [version] = await cluster.sql<{ id: string; spec: unknown }>(
    "select v.id, v.spec from dag d join dag_version v on v.id = d.version_id where d.dag_id = 'poisoned'",
  );
  const sick = [await cluster.api.trigger("poisoned"), await cluster.api.trigger("poisoned")];
  await cluster.sql("update dag_version set spec = '{\"tasks\": 7}' where id = $1", [version?.id]);
  // Whoever has read it keeps it: new processes must read it again.
  for (const name of ["scheduler", "api"] as const) await cluster.kill(name);
  await cluster.untilWell();
  for (const _ of [0, 1, 2]) sick.push(await cluster.api.trigger("poisoned").catch(() => sick[0] as never));
  const during = await medianPing(place);
  await cluster.sql("update dag_version set spec = $2 where id = $1", [version?.id, JSON.stringify(version?.spec)]);
  for (const name of ["scheduler", "api"] as const) await cluster.kill(name);
  const began = performance.now();
  await cluster.untilWell();
  const problems: string[] = [];
  for (const run of sick) {
    const state = await cluster.api.ended(run, { within: 60_000 }).catch((error: unknown) => String(error));
    if (state !== "success") problems.push(`a run of the Dag that was mended: ${state}`);
  }
  // A poll's length is noise here; a scheduler that stumbles would take longer by far.
  if (during > before * 1.1 + 1_000)
    problems.push(`small runs of another Dag took ${during} ms instead of ${before} ms`);
  const hit = `a Dag nobody can decide about; small runs of another took ${Math.round(during)} ms, before ${Math.round(before)} ms`;
  return { hit, recovery: since(began), problems };
}

async function medianPing(place: Place): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) times.push(await pingMs(place));
  return times.sort((a, b) => a - b)[2] ?? 0;
}

export const dagFileRows: readonly ChaosRow[] = [
  {
    row: 43,
    part: "",
    promise: "a Dag whose file is deleted is shown as gone, and its run goes on to its end",
    proxies: true,
    run: deleted,
  },
  {
    row: 44,
    part: "",
    promise: "a run keeps the version it was made with, also when it is cleared after an edit",
    proxies: true,
    run: edited,
  },
  {
    row: 46,
    part: "",
    promise: "a run that nobody can decide about does not hold up the others, and goes on when it is mended",
    proxies: true,
    run: poisoned,
  },
];
