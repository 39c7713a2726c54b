import { setTimeout as pause } from "node:timers/promises";
import { between, oneOf } from "../chance.ts";
import { type ChaosRow, type Place, type RowEnd, type RunName, since } from "../row.ts";
import { pingMs } from "../runs.ts";

const width = 8;

/** People clear and mark tasks of a run that is under way, at random. */
async function meddling(place: Place): Promise<RowEnd> {
  const { cluster, ledger, chance } = place;
  const start = () => cluster.api.trigger("holding", { conf: { width, ms: 500 } });
  const both = [await start(), await start()];
  const done: string[] = [];
  const statuses: number[] = [];
  const ends = performance.now() + 6_000;
  const person = async (): Promise<void> => {
    while (performance.now() < ends) {
      const act = oneOf(["clear", "clear", "success", "failed"] as const, chance);
      const target = oneOf(both, chance);
      statuses.push(await meddle(place, { target, act, index: Math.floor(chance() * width) }));
      done.push(act);
      await pause(between(20, 400, chance));
    }
  };
  await Promise.all([person(), person(), person()]);
  // The last word: all of it again.
  for (const target of both) statuses.push(await meddle(place, { target, act: "clear", index: null }));
  const began = performance.now();
  const problems: string[] = [];
  for (const target of both) {
    const state = await cluster.api.ended(target, { within: 60_000 });
    if (state !== "success") problems.push(`a run: ${state}`);
    const overlaps = await ledger.overlaps(target.dag_run_id);
    if (overlaps.length > 0) problems.push(`executions overlap: ${JSON.stringify(overlaps)}`);
    const alive = await ledger.running(target.dag_run_id);
    if (alive.length > 0) problems.push(`still at work: ${JSON.stringify(alive)}`);
  }
  const odd = statuses.filter((status) => status !== 200 && status !== 409);
  if (odd.length > 0) problems.push(`people were answered ${[...new Set(odd)].join(", ")}`);
  const recovery = since(began);
  if (recovery > 10) problems.push(`the end took ${recovery} s`);
  return { hit: `${done.length} clears and marks of two runs under way`, recovery, problems };
}

interface Meddling {
  readonly target: RunName;
  readonly act: "clear" | "success" | "failed";
  readonly index: number | null;
}

async function meddle({ cluster }: Place, { target, act, index }: Meddling): Promise<number> {
  const { dag_id, dag_run_id } = target;
  if (act === "clear") {
    const tasks = index === null ? {} : { task_ids: [["hold", index]] };
    const body = { dag_run_id, dry_run: false, only_failed: false, ...tasks };
    return (await cluster.api.ask("POST", `/api/v2/dags/${dag_id}/clearTaskInstances`, body)).status;
  }
  const path = `/api/v2/dags/${dag_id}/dagRuns/${encodeURIComponent(dag_run_id)}/taskInstances/hold/${index}`;
  const { status } = await cluster.api.ask("PATCH", path, { new_state: act });
  // The tasks are not made before the one that says how many they are.
  return status === 404 ? 200 : status;
}

/** Two thousand fail at once, and are tried again; others' small runs go on meanwhile. */
async function stampede(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  await cluster.start("worker-wide");
  try {
    const runs = await Promise.all([0, 1].map(() => cluster.api.trigger("failing")));
    const began = performance.now();
    const pings: number[] = [];
    const problems: string[] = [];
    let isOver = false;
    const others = (async () => {
      for (; !isOver; await pause(500)) pings.push(await pingMs(place, 60_000));
    })();
    // Told below, when the runs have ended; never of a cluster that is gone.
    others.catch(() => {});
    for (const run of runs) {
      const state = await cluster.api.ended(run, { within: 400_000, every: 200 });
      if (state !== "success") problems.push(`a run: ${state}`);
    }
    const recovery = since(began);
    isOver = true;
    await others;
    const slowest = Math.max(...pings);
    if (slowest > 20_000) problems.push(`a small run beside them took ${Math.round(slowest)} ms`);
    const [count] = await cluster.sql<{ attempts: number }>(
      `select count(*)::int as attempts from attempt a join task_instance ti on ti.id = a.task_instance_id
      join dag_run r on r.key = ti.run_key where r.run_id = any($1) and a.outcome <> 'lost'`,
      [runs.map(({ dag_run_id }) => dag_run_id)],
    );
    if (count?.attempts !== 4_000) problems.push(`${count?.attempts} attempts instead of 4000`);
    const hit = `2 × 1000 tasks failed once each; ${pings.length} small runs beside them took ${Math.round(slowest)} ms at most`;
    return { hit, recovery, problems };
  } finally {
    await cluster.terminate("worker-wide");
  }
}

export const taskBehaviourRows: readonly ChaosRow[] = [
  {
    row: 56,
    part: "",
    promise: "clearing and marking what runs fences the old attempt and kills it before the next one starts",
    proxies: true,
    run: meddling,
  },
  {
    row: 57,
    part: "",
    promise: "two thousand tasks that fail at once are tried again, once each, and others go on meanwhile",
    proxies: true,
    run: stampede,
  },
];
