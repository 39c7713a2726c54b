import { setTimeout as pause } from "node:timers/promises";
import { isAlive, type ProcessId } from "../../support/proc.ts";
import { until } from "../../support/until.ts";
import { between } from "../chance.ts";
import { leaseMs } from "../cluster.ts";
import type { MemberName } from "../keeper.ts";
import { type ChaosRow, type Place, type RowEnd, since } from "../row.ts";
import { endProblems, holdingAtWork, pingMs, restarts, triesOf, triesUsed } from "../runs.ts";

const workers = ["worker-1", "worker-2"] as const;

/** Three leases without any scheduler, while tasks run and end. */
async function noScheduler(place: Place): Promise<RowEnd> {
  const { cluster, ledger } = place;
  const run = await holdingAtWork(place, { width: 6, ms: 3 * leaseMs - 1_000 });
  await cluster.kill("scheduler", "later");
  await pause(3 * leaseMs);
  const ended = (await ledger.executions(run.dag_run_id)).filter(({ how }) => how === "returned");
  const problems = ended.length === 6 ? [] : [`${ended.length} of 6 tasks ended without a scheduler`];
  const began = performance.now();
  await cluster.bringBack("scheduler");
  problems.push(...(await endProblems(place, run, 6)), ...(await restarts(place, run)));
  return { hit: "no scheduler for 6 s, with 6 tasks at work", recovery: since(began), problems };
}

/** The supervisor alone is killed: its children must not outlive it. */
async function orphans(place: Place): Promise<RowEnd> {
  const { cluster, ledger, chance } = place;
  const run = await holdingAtWork(place, { width: 6, ms: 2_500 });
  await pause(between(0, 1_000, chance));
  const own = new Set(
    cluster
      .member("worker-1")
      .tree()
      .map(({ pid }) => pid),
  );
  const children = (await ledger.running(run.dag_run_id))
    .filter(({ pid }) => own.has(pid))
    .map(({ pid, start_ticks }): ProcessId => ({ pid, startTicks: start_ticks }));
  const began = performance.now();
  await cluster.kill("worker-1");
  await until("its children are dead", () => !children.some(isAlive), { within: 2_000 });
  const dead = since(began);
  const problems = [...(await endProblems(place, run, 6)), ...(await triesUsed(place, run))];
  const lost = (await triesOf(place, run)).reduce((sum, { losses }) => sum + losses, 0);
  if (lost > children.length) problems.push(`${lost} losses of ${children.length} attempts`);
  return { hit: `${children.length} children dead after ${dead} s`, recovery: since(began), problems };
}

/** A task that kills its own process: what is left is a reason and its last words. */
async function suicide(place: Place): Promise<RowEnd> {
  const { cluster, ledger: _ } = place;
  const run = await cluster.api.trigger("dying");
  await until("it is at work", async () => (await triesOf(place, run))[0]?.state === "running");
  const state = await cluster.api.ended(run);
  const problems = state === "failed" ? [] : [`the run: ${state}`];
  const [attempt] = await cluster.sql<{ failure: unknown; late: number }>(
    `select a.failure, extract(epoch from a.ended_at - a.started_at)::float8 as late from attempt a
    join task_instance ti on ti.id = a.task_instance_id join dag_run r on r.key = ti.run_key where r.run_id = $1`,
    [run.dag_run_id],
  );
  const failure = JSON.stringify(attempt?.failure ?? null);
  if (!failure.includes("SIGKILL")) problems.push(`the failure does not tell of the signal: ${failure}`);
  if ((attempt?.late ?? 99) > 2.3) problems.push(`it took ${attempt?.late} s until the end was recorded`);
  const log = await cluster.api.log(run, "dies");
  if (!log.some((line) => line.includes("last words"))) problems.push(`its output is lost: ${JSON.stringify(log)}`);
  return { hit: "a task that kills itself", recovery: null, problems };
}

/** Killed again and again while people trigger and clear, each of them repeated until it is answered. */
async function apiUnderFire(place: Place): Promise<RowEnd> {
  const { cluster, chance } = place;
  const ends = performance.now() + 9_000;
  const acknowledged = { triggered: new Set<string>(), cleared: new Set<string>() };
  let kills = 0;
  const killer = async (): Promise<void> => {
    while (performance.now() < ends) {
      await pause(between(1_000, 2_500, chance));
      await cluster.kill("api");
      kills += 1;
    }
  };
  const person = async (who: number): Promise<void> => {
    for (let turn = 0; performance.now() < ends; turn += 1) {
      const id = `fire-${Math.round(chance() * 1e9)}-${who}-${turn}`;
      await untilAnswered(async () => {
        const { status } = await cluster.api.ask("POST", "/api/v2/dags/pinging/dagRuns", {
          dag_run_id: id,
          logical_date: null,
        });
        // 409: an earlier try, whose answer was lost, has made it.
        return status === 200 || status === 201 || status === 409;
      });
      acknowledged.triggered.add(id);
      if (turn % 3 !== 0) continue;
      // Nothing is to be cleared of a run that has not begun.
      await untilAnswered(async () => (await cluster.api.run("pinging", id)).state === "success");
      await untilAnswered(async () => {
        const body = { dag_run_id: id, dry_run: false, only_failed: false };
        return (await cluster.api.ask("POST", "/api/v2/dags/pinging/clearTaskInstances", body)).status === 200;
      });
      acknowledged.cleared.add(id);
    }
  };
  await Promise.all([killer(), ...[0, 1, 2, 3].map(person)]);
  const began = performance.now();
  await cluster.untilWell();
  const recovery = since(began);
  const problems = await intentsKept(place, acknowledged);
  const { triggered, cleared } = acknowledged;
  return { hit: `${kills} kills under ${triggered.size} triggers and ${cleared.size} clears`, recovery, problems };
}

async function untilAnswered(ask: () => Promise<boolean>): Promise<void> {
  await until("an answer comes", ask, { within: 30_000, every: 50 });
}

interface Intents {
  readonly triggered: ReadonlySet<string>;
  readonly cleared: ReadonlySet<string>;
}

/** What was acknowledged stands in the database, and comes to its end. */
async function intentsKept({ cluster }: Place, { triggered, cleared }: Intents): Promise<readonly string[]> {
  const find = () =>
    cluster.sql<{ run_id: string; state: string; clear_number: number }>(
      "select run_id, state, clear_number from dag_run where run_id = any($1)",
      [[...triggered]],
    );
  const problems: string[] = [];
  const all = async (): Promise<boolean> => (await find()).every(({ state }) => state === "success");
  await until("all these runs succeed", all, { within: 40_000, every: 100 }).catch((error: unknown) => {
    problems.push(String(error));
  });
  const found = new Map((await find()).map((row) => [row.run_id, row]));
  for (const id of triggered) if (!found.has(id)) problems.push(`the run ${id} was acknowledged and is not there`);
  for (const id of cleared)
    if ((found.get(id)?.clear_number ?? 1) < 1) problems.push(`the clear of ${id} was acknowledged and did not happen`);
  return problems.slice(0, 10);
}

/** Killed every second or so: what is published stays. */
async function processorUnderFire(place: Place): Promise<RowEnd> {
  const { cluster, chance } = place;
  const active = async (): Promise<number> =>
    (await cluster.sql<{ n: number }>("select count(*)::int as n from dag where not is_stale"))[0]?.n ?? 0;
  const before = await active();
  let least = before;
  let kills = 0;
  const ends = performance.now() + 8_000;
  let over = false;
  const watch = (async () => {
    for (; !over; await pause(50)) least = Math.min(least, await active());
  })();
  while (performance.now() < ends) {
    await pause(between(200, 1_600, chance));
    await cluster.kill("dag-processor");
    kills += 1;
  }
  const began = performance.now();
  await cluster.untilWell();
  over = true;
  await watch;
  const problems = least < before ? [`${least} of ${before} Dags were active for a while`] : [];
  return { hit: `${kills} kills of the dag-processor`, recovery: since(began), problems };
}

/** One after the other is asked to go and started again, as an upgrade does. */
async function rolling(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const order: readonly MemberName[] = ["worker-1", "scheduler", "dag-processor", "api", "worker-2"];
  const problems: string[] = [];
  const runs = [await cluster.api.trigger("holding", { conf: { width: 30, ms: 900 } })];
  const began = performance.now();
  for (const name of order) {
    const exit = await cluster.terminate(name);
    if (exit.code !== 0) problems.push(`${name} ended with ${exit.signal ?? exit.code}: ${exit.output.slice(-800)}`);
    await cluster.bringBack(name);
    await cluster.untilWell();
  }
  for (const run of runs) problems.push(...(await endProblems(place, run, 30)), ...(await triesUsed(place, run)));
  return { hit: `SIGTERM to ${order.join(", ")}`, recovery: since(began), problems };
}

/** What a task leaves behind holds its output: the attempt ends all the same, and the rest is tidied up. */
async function stuckPipe(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const began = performance.now();
  const state = await cluster.api.ended(await cluster.api.trigger("leaving"), { within: 20_000 });
  const took = since(began);
  const problems = state === "success" ? [] : [`the run: ${state}`];
  if (took > 5) problems.push(`it took ${took} s to end`);
  const left = (): boolean => workers.some((name) => cluster.member(name).tree().length > 12);
  if (left()) problems.push("processes were left behind");
  await pingMs(place);
  return { hit: "a grandchild that holds standard output", recovery: took, problems };
}

export const processDeathRows: readonly ChaosRow[] = [
  {
    row: 3,
    part: "",
    promise: "tasks that run are no business of schedulers: without one they go on, and none is started again",
    proxies: true,
    run: noScheduler,
  },
  {
    row: 4,
    part: "orphans",
    promise: "children die with their supervisor, each attempt is lost once, and no try is used",
    proxies: true,
    run: orphans,
  },
  {
    row: 5,
    part: "reason",
    promise: "of a task process that is killed there are a reason and its last output, within 2 s",
    proxies: true,
    run: suicide,
  },
  {
    row: 7,
    part: "intents",
    promise: "what an API server acknowledged before it was killed has happened, once",
    proxies: true,
    run: apiUnderFire,
  },
  {
    row: 8,
    part: "",
    promise: "a dag-processor that is killed takes no Dag away",
    proxies: true,
    run: processorUnderFire,
  },
  {
    row: 11,
    part: "",
    promise: "a rolling restart by SIGTERM loses nothing and uses no try",
    proxies: true,
    run: rolling,
  },
  {
    row: 12,
    part: "",
    promise: "an attempt ends with its process, whoever still holds its pipes",
    proxies: true,
    run: stuckPipe,
  },
];
