import { setTimeout as sleep } from "node:timers/promises";
import { cloneDatabase, startTestServer } from "@airloom/testkit";
import pg from "pg";
import { createApi, createSchedulerActor, type Surroundings } from "./actors/control-plane.ts";
import { runKiller } from "./actors/killer.ts";
import { excuseFailures, resumeAll, runUser } from "./actors/user.ts";
import { runWorker } from "./actors/worker.ts";
import { type CallLog, createCallLog } from "./call-log.ts";
import { type Chance, chanceFrom } from "./chance.ts";
import { startFaultyWire } from "./faulty-wire.ts";
import type { History } from "./history.ts";
import { countDeadlocks, readChanges, record } from "./recorder.ts";
import { makeWorld, specs } from "./world.ts";

export interface HistoryOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Of all actors together, about. */
  readonly connections: number;
  readonly tell: (line: string) => void;
}

/** What came of it. */
export interface Lived {
  readonly history: History;
  readonly log: CallLog;
  readonly url: string;
  readonly deadlocks: number;
  /** Runs that did not end though nothing was in their way any more, in words. */
  readonly stranded: readonly string[];
  readonly faults: { readonly killed: number; readonly before: number; readonly after: number; readonly other: number };
  drop(): Promise<void>;
}

const graceMs = 150;
const leases = { "api-1": 500, "api-2": 900 };
/** A history in which nothing happens any more for so long has come to its end; and longest it may take. Milliseconds. */
const stillMs = 7_000;
const patienceMs = 60_000;

/** The server's settings: commits are dated, and deadlocks are found at once. */
const settings = { track_commit_timestamp: "on", deadlock_timeout: "100ms" };

/** Lets everybody loose on one database for a while, then lets them finish in peace, and reads what was recorded. */
export async function liveHistory(options: HistoryOptions): Promise<Lived> {
  const server = await startTestServer(settings);
  try {
    const database = await cloneDatabase(server.url);
    await record(database.url);
    return { ...(await live(database.url, options)), url: database.url, drop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

interface Watch {
  readonly recent: () => readonly number[];
  readonly unfinished: (dagId: string) => number;
  readonly left: () => Promise<readonly string[]>;
  /** How much was written down so far. */
  readonly recorded: () => Promise<number>;
  /** Runs that others wait for. */
  readonly blocking: () => Promise<readonly number[]>;
  stop(): Promise<void>;
}

const unfinishedRuns = `select r.dag_id || ' ' || r.run_id || ' is ' || r.state || ': '
  || (select string_agg(ti.task_id || ' ' || ti.state, ', ' order by ti.task_id) from task_instance ti where ti.run_key = r.key) as words
  from dag_run r where r.state in ('queued', 'running') order by r.key`;

/**
 * Runs that others wait for and that will not go on by themselves: with failed tasks, or cleared while the runs after them take
 * all the room there is.
 */
const blockingRuns = `select distinct r.key::int from dag_run r join task_instance ti on ti.run_key = r.key
  where r.dag_id = 'daily' and (ti.state in ('failed', 'upstream_failed')
    or (r.state = 'queued' and ti.state not in ('success', 'skipped') and exists (select from dag_run later
      where later.dag_id = r.dag_id and later.state = 'running' and later.logical_date > r.logical_date)))
  order by 1`;

/** Looks at the runs from aside. */
async function watchRuns(url: string): Promise<Watch> {
  const client = new pg.Client({ connectionString: url, application_name: "watch" });
  await client.connect();
  let recent: readonly number[] = [];
  let unfinished: ReadonlyMap<string, number> = new Map();
  let over = false;
  const look = async () => {
    const newest = await client.query<{ key: number }>("select key::int from dag_run order by key desc limit 16");
    recent = newest.rows.map(({ key }) => key);
    const open = await client.query<{ dagId: string; n: number }>(
      `select dag_id as "dagId", count(*)::int as n from dag_run where state in ('queued', 'running') group by 1`,
    );
    unfinished = new Map(open.rows.map(({ dagId, n }) => [dagId, n]));
  };
  const looking = (async () => {
    while (!over) {
      await look();
      await sleep(60);
    }
  })();
  return {
    recent: () => recent,
    unfinished: (dagId) => unfinished.get(dagId) ?? 0,
    left: async () => (await client.query<{ words: string }>(unfinishedRuns)).rows.map(({ words }) => words),
    recorded: async () =>
      (await client.query<{ n: number }>("select coalesce(max(id), 0)::int as n from history")).rows[0]?.n ?? 0,
    blocking: async () => (await client.query<{ key: number }>(blockingRuns)).rows.map(({ key }) => key),
    stop: async () => {
      over = true;
      await looking;
      await client.end();
    },
  };
}

async function live(
  url: string,
  { seed, seconds, connections, tell }: HistoryOptions,
): Promise<Omit<Lived, "url" | "drop">> {
  const chance: Chance = chanceFrom(seed);
  const log = createCallLog();
  const watch = await watchRuns(url);
  const wire = await startFaultyWire(url, chance.fork("wire"));
  let calm = false;
  let over = false;
  const at: Surroundings = {
    url: wire.url,
    chance,
    log,
    graceMs,
    isCalm: () => calm,
    isOver: () => over,
    recentRuns: watch.recent,
    unfinished: watch.unfinished,
  };
  // Half of the connections serve workers and users, half the schedulers.
  const each = Math.max(2, Math.round(connections / 4));
  const apis = Object.entries(leases).map(([name, leaseMs]) => createApi(at, { name, connections: each, leaseMs }));
  const schedulers = ["scheduler-1", "scheduler-2"].map((name) =>
    createSchedulerActor(at, { name, connections: each, leaseMs: 500 }),
  );
  const quiet = createApi({ ...at, url, isCalm: () => true }, { name: "resumer", connections: 1, leaseMs: 500 });
  await makeWorld(quiet.deps.store, quiet.deps);
  for (const scheduler of schedulers) await scheduler.start();
  const workers = ["left", "right", "left", "right"].map((executor, n) =>
    runWorker(at, { name: `worker-${n + 1}`, executor, slots: 4, apis }),
  );
  const users = ["user-1", "user-2", "user-3", "user-4", "user-5", "user-6"].map((name) => runUser(at, { name, apis }));
  const killing = runKiller({ url, chance, isCalm: at.isCalm });
  // Who depends on a failed run is not to wait for all the rest of the time.
  const until = Date.now() + seconds * 1_000;
  for (; Date.now() < until; await sleep(Math.min(1_000, Math.max(0, until - Date.now()))))
    await excuseFailures(quiet, await watch.blocking());
  calm = true;
  wire.calm();
  await Promise.all(users);
  const killed = await killing;
  tell("calm");
  await resumeAll(at, quiet);
  const stranded = await untilNothingIsLeft(watch, (runKeys) => excuseFailures(quiet, runKeys));
  over = true;
  await Promise.all(workers);
  await Promise.all(schedulers.map((scheduler) => scheduler.stop()));
  await Promise.all([...apis, quiet].map((api) => api.close()));
  await watch.stop();
  await wire.close();
  const terms = { leaseMs: new Map(Object.entries(leases)), graceMs };
  const history = {
    changes: await readChanges(url),
    calls: log.calls,
    specs: new Map(specs.map((spec) => [spec.dagId, spec])),
    terms,
  };
  return { history, log, deadlocks: await countDeadlocks(url), stranded, faults: { killed, ...wire.breaks } };
}

async function untilNothingIsLeft(
  watch: Watch,
  excuse: (runKeys: readonly number[]) => Promise<void>,
): Promise<readonly string[]> {
  const until = Date.now() + patienceMs;
  let last = { seen: -1, at: Date.now() };
  for (;;) {
    await excuse(await watch.blocking());
    const [left, seen] = [await watch.left(), await watch.recorded()];
    if (seen !== last.seen) last = { seen, at: Date.now() };
    if (left.length === 0 || Date.now() > Math.min(until, last.at + stillMs)) return left;
    await sleep(100);
  }
}
