import type { Run } from "../support/api-of.ts";
import { rowsOf } from "../support/database-of.ts";
import type { Ledger } from "../support/ledger.ts";
import { runAirloom } from "../support/running-airloom.ts";
import { until } from "../support/until.ts";
import { type System, writeDags } from "./system.ts";

/** Where a workload runs. */
export interface Place {
  readonly system: System;
  readonly ledger: Ledger;
  /** Whether the failpoint has struck. */
  readonly isHit: () => boolean;
  /** A number that no other trial has. */
  readonly trial: number;
  /** Of a migration: what is armed in step n. */
  readonly armed: (n: number) => string;
}

/** What a workload did. */
export interface Done {
  readonly runs: readonly DoneRun[];
  /** What is not as it must be, besides what is looked at in every run. */
  readonly problems: readonly string[];
  /** The armed process was told to end. */
  readonly ended?: boolean;
}

export interface DoneRun {
  readonly run: Run;
  readonly instances: number;
  /** How often its tasks were cleared: each may succeed once more. */
  readonly clears: number;
}

type Workload = (place: Place) => Promise<Done>;

export const workloads = {
  "fan-out": (place) => fanOut(place, 50),
  "slow-fan-out": (place) => fanOut(place, 2_200),
  schedule,
  expire,
  clear,
  xcom,
  edit,
  drain,
  migrate,
} as const satisfies Readonly<Record<string, Workload>>;

export type WorkloadName = keyof typeof workloads;

const width = 24;
const runPatienceMs = 60_000;
const askPatienceMs = 30_000;

/** As a person or a program would: asks again when no answer came, under the same id. 409 = the lost answer was a yes. */
async function trigger({ system, trial }: Place, dagId: string, conf: object = {}): Promise<Run> {
  const dag_run_id = `${dagId}_${trial}_${Math.round(performance.now())}`;
  const path = `/api/v2/dags/${dagId}/dagRuns`;
  await until(
    `${dagId} was triggered`,
    async () => {
      const { status, body } = await system.api.ask("POST", path, { dag_run_id, logical_date: null, conf });
      if (status !== 200 && status !== 409) throw new Error(`${status} ${JSON.stringify(body)}`);
      return true;
    },
    { within: askPatienceMs },
  );
  return until("the run is there", () => system.api.run(dagId, dag_run_id), { within: askPatienceMs });
}

async function endOf({ system }: Place, run: Run): Promise<readonly string[]> {
  const state = await system.api.ended(run, { within: runPatienceMs }).catch((error: unknown) => String(error));
  return state === "success" ? [] : [`run ${run.dag_run_id}: ${state}`, await explained(system, run)];
}

/** What Airloom itself says of a run that did not succeed. */
async function explained({ api }: System, { dag_id, dag_run_id }: Run): Promise<string> {
  const path = `/api/airloom/explain/${dag_id}/${encodeURIComponent(dag_run_id)}`;
  const { body } = await api.ask("GET", path).catch((error: unknown) => ({ body: String(error) }));
  return `explain: ${JSON.stringify(body).slice(0, 2_000)}`;
}

async function fanOut(place: Place, slowMs: number): Promise<Done> {
  const run = await trigger(place, "fan_out", { slowMs });
  const problems = await endOf(place, run);
  return { runs: [{ run, instances: width + 2, clears: 0 }], problems };
}

/** Workers at work in a run, each with whether one of its tasks takes long. */
async function busyWorkers({ system, ledger }: Place, run: Run) {
  const running = await ledger.running(run.dag_run_id);
  return (["worker-1", "worker-2"] as const).flatMap((name) => {
    const tree = new Set(
      system
        .member(name)
        .tree()
        .map(({ pid }) => pid),
    );
    const own = running.filter(({ pid }) => tree.has(pid));
    return own.length === 0 ? [] : [{ name, isLong: own.some(({ map_index }) => map_index % 8 === 2) }];
  });
}

/** A worker is gone for good while it holds work: only the end of its leases tells. */
async function expire(place: Place): Promise<Done> {
  const { system } = place;
  const run = await trigger(place, "fan_out", { slowMs: 4_500 });
  const lookForVictim = async () => (await busyWorkers(place, run)).find(({ isLong }) => isLong)?.name;
  const victim = await until("a worker has a long task", lookForVictim, { within: askPatienceMs, every: 5 });
  await system.lose(victim);
  await until("a lease was given up", place.isHit, { within: 15_000 }).catch(() => {});
  await system.bringBack(victim);
  const problems = await endOf(place, run);
  return { runs: [{ run, instances: width + 2, clears: 0 }], problems };
}

async function clear(place: Place): Promise<Done> {
  const { api } = place.system;
  const run = await trigger(place, "fan_out");
  const before = await endOf(place, run);
  let clears = 0;
  const body = {
    dry_run: false,
    dag_run_id: run.dag_run_id,
    task_ids: ["work"],
    include_downstream: true,
    only_failed: false,
  };
  const ask = (): Promise<unknown> => {
    clears += 1;
    return api.send("POST", `/api/v2/dags/${run.dag_id}/clearTaskInstances`, body);
  };
  await until("the tasks were cleared", ask, { within: askPatienceMs, every: 200 });
  return { runs: [{ run, instances: width + 2, clears }], problems: [...before, ...(await endOf(place, run))] };
}

async function xcom(place: Place): Promise<Done> {
  const run = await trigger(place, "notes");
  const problems = [...(await endOf(place, run))];
  const path = `/api/v2/dags/notes/dagRuns/${run.dag_run_id}/taskInstances/push/xcomEntries/note?deserialize=true`;
  const found = await place.system.api
    .get<{ value: unknown }>(path)
    .catch((error: unknown) => ({ value: String(error) }));
  const value = JSON.stringify(found.value);
  if (value !== '{"words":"kept"}') problems.push(`the value is ${value}`);
  return { runs: [{ run, instances: 1, clears: 0 }], problems };
}

/** A Dag that comes by its schedule: afterwards each of its times has one run, and all of them have succeeded. */
async function schedule(place: Place): Promise<Done> {
  const { api, databaseUrl } = place.system;
  const pause = (is_paused: boolean): Promise<unknown> =>
    until("the Dag goes on or stops", () => api.send("PATCH", "/api/v2/dags/ticks", { is_paused }), {
      within: askPatienceMs,
    });
  const count = async (): Promise<number> =>
    (await rowsOf<{ n: number }>(databaseUrl, "select count(*)::int as n from dag_run where dag_id = 'ticks'"))[0]?.n ??
    0;
  await pause(false);
  await until("the failpoint has struck", place.isHit, { within: 20_000 }).catch(() => {});
  const struck = await count();
  await until("three more runs", async () => (await count()) >= struck + 3, { within: runPatienceMs });
  const open = "select 1 from dag_run where dag_id = 'ticks' and state = 'running'";
  const isOver = async (): Promise<boolean> => (await rowsOf(databaseUrl, open)).length === 0;
  // A paused Dag's run stays where it is: one that has begun goes on first.
  const stopBetweenRuns = async (): Promise<boolean> => {
    await pause(false);
    await until("no run is under way", isOver, { within: runPatienceMs, every: 5 });
    await pause(true);
    return isOver();
  };
  const problems = await until("all its runs are over", stopBetweenRuns, { within: runPatienceMs }).then(
    () => [],
    String,
  );
  const amiss = await rowsOf(
    databaseUrl,
    `select run_id, state, logical_date, gap from (
      select run_id, state, logical_date, logical_date - lag(logical_date) over (order by logical_date) as gap
      from dag_run where dag_id = 'ticks') r where gap <> interval '1 second' or state not in ('success', 'queued')`,
  );
  return { runs: [], problems: [problems, amiss.slice(0, 3).map((row) => `ticks: ${JSON.stringify(row)}`)].flat() };
}

/** A Dag file that was changed is there with its next run. */
async function edit(place: Place): Promise<Done> {
  const { system, trial } = place;
  const revision = `revision ${trial} of ${Math.round(performance.now())}`;
  // A version that no run has is replaced in its place: its code tells, not its number.
  const newest = "select artifact_id from dag_version where dag_id = 'edited' order by number desc limit 1";
  const code = async (): Promise<string> => JSON.stringify(await rowsOf(system.databaseUrl, newest));
  const before = await code();
  writeDags(system.project, revision);
  await until("the change was published", async () => (await code()) !== before, { within: runPatienceMs });
  const run = await trigger(place, "edited");
  const problems = [...(await endOf(place, run))];
  const said = await system.api.xcom(run, "speak").catch(String);
  if (said !== revision) problems.push(`the run says ${JSON.stringify(said)} instead of ${JSON.stringify(revision)}`);
  return { runs: [{ run, instances: 1, clears: 0 }], problems };
}

/** A worker is told to stop while it has work that outlasts its patience. */
async function drain(place: Place): Promise<Done> {
  const { system } = place;
  const worker = system.member("worker-1");
  const run = await trigger(place, "fan_out", { slowMs: 3_000 });
  const isBusy = async (): Promise<boolean> => (await busyWorkers(place, run)).some(({ name }) => name === "worker-1");
  await until("the worker is at work", isBusy, { within: askPatienceMs, every: 5 });
  process.kill(worker.id.pid, "SIGTERM");
  await worker.exited;
  const problems = await endOf(place, run);
  return { runs: [{ run, instances: width + 2, clears: 0 }], problems, ended: true };
}

/** An empty database is migrated, with something amiss at each step, and again with nothing amiss. */
async function migrate(place: Place): Promise<Done> {
  const { system, ledger, trial } = place;
  const problems: string[] = [];
  const steps = await rowsOf<{ number: number }>(
    system.databaseUrl,
    "select number from schema_migration order by number",
  );
  for (const { number } of steps) {
    const name = `migrated_${trial}_${number}_${Math.round(performance.now())}`;
    await rowsOf(ledger.url, `create database ${name}`);
    const url = ledger.url.replace(/@\/[^?]*/, `@/${name}`);
    const run = (words: readonly string[], failpoints: string) =>
      runAirloom(system.project, words, {
        program: system.program,
        environment: { AIRLOOM__DATABASE__URL: url, AIRLOOM_FAILPOINTS: failpoints },
      });
    const armed = await run(["db", "migrate"], place.armed(number));
    if (!armed.output.includes("failpoint migrate.step."))
      problems.push(`step ${number} was not reached: ${armed.output}`);
    const again = await run(["db", "migrate"], "");
    const check = await run(["db", "check"], "");
    if (again.code !== 0 || check.code !== 0) problems.push(`step ${number}: ${again.output} ${check.output}`);
    if ((await schemaOf(url)) !== (await schemaOf(system.databaseUrl))) problems.push(`step ${number}: another schema`);
  }
  return { runs: [], problems };
}

async function schemaOf(url: string): Promise<string> {
  const parts = [
    "select table_name, column_name, data_type, column_default, is_nullable from information_schema.columns where table_schema = 'public'",
    "select indexdef from pg_indexes where schemaname = 'public'",
    "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace",
    "select tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal",
    "select number, name, checksum from schema_migration",
  ];
  const found = await Promise.all(
    parts.map((sql) => rowsOf(url, `${sql} order by 1, 2`.replace("indexdef from", "indexdef, 1 from"))),
  );
  return JSON.stringify(found);
}
