import { setTimeout as pause } from "node:timers/promises";
import { until } from "../../support/until.ts";
import { between } from "../chance.ts";
import { leaseMs } from "../cluster.ts";
import type { MemberName } from "../keeper.ts";
import { type ChaosRow, type Place, type RowEnd, since } from "../row.ts";
import { endProblems, holdingAtWork, pingMs, restarts, runPatienceMs, triesUsed } from "../runs.ts";

/** What a process whose wall clock goes wrong by so much begins with: before any other code of it. */
const shiftedClock = (ms: number): string => `
const Real = Date;
const shift = ${ms};
globalThis.Date = class extends Real {
  constructor(...given) {
    if (given.length === 0) super(Real.now() + shift);
    else super(...given);
  }
  static now() {
    return Real.now() + shift;
  }
};
`;

const hourMs = 3_600_000;

/** Scheduler, worker and API server live in three different hours. */
async function wrongClocks(place: Place): Promise<RowEnd> {
  const { cluster, chance } = place;
  const clocks = new Map<MemberName, number>();
  const names = ["scheduler", "worker-1", "worker-2", "dag-processor"] as const;
  for (const name of names) clocks.set(name, chance() < 0.5 ? hourMs : -hourMs);
  const ticksBefore = await scheduledRuns(place);
  for (const [name, ms] of clocks) {
    cluster.project.write(`clock-${name}.mjs`, shiftedClock(ms));
    await cluster.kill(name, "later");
    await cluster.start(name, { NODE_OPTIONS: `--import=${cluster.project.path(`clock-${name}.mjs`)}` });
  }
  try {
    await cluster.untilWell();
    const run = await holdingAtWork(place, { width: 6, ms: 2_500 });
    const began = performance.now();
    const problems = [...(await endProblems(place, run, 6)), ...(await restarts(place, run))];
    await pingMs(place);
    const more = (await scheduledRuns(place)) - ticksBefore;
    if (more > 0) problems.push(`${more} runs were made that are not due`);
    const words = [...clocks].map(([name, ms]) => `${name} ${ms > 0 ? "+" : "−"}1 h`).join(", ");
    return { hit: words, recovery: since(began), problems };
  } finally {
    for (const name of names) {
      await cluster.kill(name, "later").catch(() => {});
      await cluster.start(name);
    }
  }
}

async function scheduledRuns({ cluster }: Place): Promise<number> {
  const [row] = await cluster.sql<{ n: number }>("select count(*)::int as n from dag_run where run_type = 'scheduled'");
  return row?.n ?? 0;
}

/** The database's own clock jumps while tasks run. */
const jump =
  (by: string) =>
  async (place: Place): Promise<RowEnd> => {
    const { cluster } = place;
    const run = await holdingAtWork(place, { width: 6, ms: 3_000 });
    await cluster.sql("update clock set shift = shift + $1::interval", [by]);
    const began = performance.now();
    try {
      await cluster.api.ended(run, { within: runPatienceMs });
      // By the clock they were under, some attempts ended before they began. That is what the clock said, and no error.
      await cluster.sql("update attempt set started_at = ended_at where ended_at < started_at");
      const problems = [...(await endProblems(place, run, 6)), ...(await triesUsed(place, run))];
      const recovery = since(began);
      await pingMs(place);
      return { hit: `the database's clock jumped by ${by} with 6 tasks at work`, recovery, problems };
    } finally {
      await cluster.sql("update clock set shift = '0'");
    }
  };

/** Frozen for two leases, thawed, and what it had is long another's. */
async function frozen(place: Place): Promise<RowEnd> {
  const { cluster, ledger } = place;
  const run = await holdingAtWork(place, { width: 6, ms: 2 * leaseMs + 2_500 });
  const { pid } = cluster.member("worker-1").id;
  const own = new Set(
    cluster
      .member("worker-1")
      .tree()
      .map((one) => one.pid),
  );
  const held = (await ledger.running(run.dag_run_id)).filter((one) => own.has(one.pid));
  process.kill(pid, "SIGSTOP");
  await pause(2 * leaseMs);
  process.kill(pid, "SIGCONT");
  const began = performance.now();
  const problems = [...(await endProblems(place, run, 6)), ...(await triesUsed(place, run))];
  if (held.length === 0) problems.push("the frozen worker had nothing: nothing was tried");
  return { hit: `worker-1 frozen for ${2 * leaseMs} ms with ${held.length} tasks`, recovery: since(began), problems };
}

/** A trigger counts at each change, and someone outside counts as fast as it can. */
const sampler = `
  create table if not exists chaos_sample (pool text primary key, most bigint not null, changes bigint not null);
  create or replace function chaos_count() returns trigger language plpgsql as $$
  declare n bigint;
  begin
    select coalesce(sum(pool_slots), 0) into n from task_instance
      where pool = 'eight' and state in ('queued', 'running', 'restarting');
    insert into chaos_sample values ('eight', n, 1)
      on conflict (pool) do update set most = greatest(chaos_sample.most, excluded.most), changes = chaos_sample.changes + 1;
    return null;
  end $$;
  drop trigger if exists chaos_count on task_instance;
  create trigger chaos_count after insert or update of state on task_instance for each statement execute function chaos_count();
  delete from chaos_sample`;
const noSampler = "drop trigger chaos_count on task_instance; drop function chaos_count(); drop table chaos_sample";
const counted = `select coalesce(sum(pool_slots), 0)::int as n from task_instance
  where pool = 'eight' and state in ('queued', 'running', 'restarting')`;

/** Three schedulers and more slots than the pool has, and more tasks than both. */
async function onePool(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const spares = ["scheduler-2", "scheduler-3", "worker-wide"] as const;
  for (const name of spares) await cluster.start(name);
  await cluster.sql(sampler);
  let over = false;
  let most = 0;
  let looks = 0;
  const watch = (async () => {
    for (; !over; looks += 1) most = Math.max(most, (await cluster.sql<{ n: number }>(counted))[0]?.n ?? 0);
  })();
  try {
    const runs = await Promise.all([0, 1, 2, 3].map(() => cluster.api.trigger("crowded")));
    const problems: string[] = [];
    for (const run of runs) {
      const state = await cluster.api.ended(run, { within: runPatienceMs });
      if (state !== "success") problems.push(`a run: ${state}`);
    }
    over = true;
    await watch;
    const [sample] = await cluster.sql<{ most: number; changes: number }>(
      "select most::int, changes::int from chaos_sample",
    );
    const highest = Math.max(most, sample?.most ?? 0);
    if (highest > 8) problems.push(`${highest} of 8 slots were taken`);
    if (highest < 8) problems.push(`only ${highest} of 8 slots were ever taken: nothing was tried`);
    const hit = `240 tasks, 3 schedulers; at most ${highest} in ${sample?.changes} changes and ${looks} looks`;
    return { hit, recovery: null, problems };
  } finally {
    over = true;
    await watch.catch(() => {});
    await cluster.sql(noSampler);
    for (const name of spares) await cluster.terminate(name);
  }
}

const tickFile = (dagId: string, from: number, to: number): string => `
import { dag, every, task } from "airloom";
const tick = task("tick", { retries: 5, retryDelay: "100ms" }, (): string => "tick");
export default dag(
  ${JSON.stringify(dagId)},
  {
    schedule: every("1s"),
    startDate: ${JSON.stringify(new Date(from).toISOString())},
    endDate: ${JSON.stringify(new Date(to).toISOString())},
    catchup: true,
    maxActiveRuns: 64,
  },
  () => { tick(); },
);
`;

/** Two schedulers that are killed while a run is due each second. */
async function ticks(place: Place): Promise<RowEnd> {
  const { cluster, chance } = place;
  await cluster.start("scheduler-2");
  const dagId = `ticks_${Math.floor(chance() * 1e9)}`;
  const from = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000;
  const to = from + 8_000;
  cluster.project.write(`dags/${dagId}.ts`, tickFile(dagId, from, to));
  let kills = 0;
  while (Date.now() < to) {
    await pause(between(200, 1_200, chance));
    await cluster.kill(chance() < 0.5 ? "scheduler" : "scheduler-2");
    kills += 1;
  }
  const began = performance.now();
  await cluster.untilWell();
  const made = () =>
    cluster.sql<{ at: number; state: string }>(
      "select extract(epoch from logical_date)::float8 as at, state from dag_run where dag_id = $1 order by logical_date",
      [dagId],
    );
  const isLast = ({ at }: { readonly at: number }): boolean => at * 1_000 >= to - 1_000;
  const ended = async (): Promise<boolean> => {
    const runs = await made();
    return runs.some(isLast) && runs.every(({ state }) => state === "success");
  };
  await until("all its runs have been made and have ended", ended, { within: runPatienceMs, every: 100 });
  const recovery = since(began);
  await cluster.terminate("scheduler-2");
  const runs = await made();
  const problems = runs.flatMap(({ at }, index) => {
    const before = runs[index - 1];
    return before && at - before.at !== 1 ? [`from ${before.at} to ${at} it is not one second`] : [];
  });
  if (runs.length < 7) problems.push(`only ${runs.length} runs were made`);
  return { hit: `${kills} kills of two schedulers, ${runs.length} runs made`, recovery, problems };
}

export const timeAndLimitRows: readonly ChaosRow[] = [
  {
    row: 2,
    part: "",
    promise: "schedulers that die while they make runs leave out no tick and make none twice",
    proxies: true,
    run: ticks,
  },
  {
    row: 31,
    part: "",
    promise: "wall clocks that are an hour wrong change nothing: the database's clock counts",
    proxies: true,
    run: wrongClocks,
  },
  {
    row: 32,
    part: "back",
    promise: "a database clock that jumps back a day shortens no lease and stops nothing",
    proxies: true,
    run: jump("-1 day"),
  },
  {
    row: 32,
    part: "forward",
    promise: "a database clock that jumps forward an hour lets nothing run twice at once",
    proxies: true,
    run: jump("1 hour"),
  },
  {
    row: 34,
    part: "thaw",
    promise: "a worker that was frozen for two leases finds itself fenced, its children dead before the next attempt",
    proxies: true,
    run: frozen,
  },
  {
    row: 35,
    part: "",
    promise: "several schedulers never put more into a pool than it has room for, at no moment",
    proxies: true,
    run: onePool,
  },
];
