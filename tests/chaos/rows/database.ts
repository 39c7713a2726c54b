import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { until } from "../../support/until.ts";
import { between, type Chance } from "../chance.ts";
import type { Cluster, Link } from "../cluster.ts";
import { type ChaosRow, type Place, type RowEnd, since } from "../row.ts";
import { endProblems, holdingAtWork, pingMs, restarts } from "../runs.ts";

const ways = ["api to database", "scheduler to database"] as const;

/** Fast shut-downs and crashes, one after the other, with all that is under way. */
async function restartsOfPostgres(place: Place): Promise<RowEnd> {
  const { cluster, chance } = place;
  const run = await cluster.api.trigger("holding", { conf: { width: 24, ms: 700 } });
  const ends = performance.now() + 10_000;
  const blows: string[] = [];
  while (performance.now() < ends) {
    await pause(between(1_000, 3_000, chance));
    const signal = chance() < 0.5 ? "SIGINT" : "SIGQUIT";
    const { main } = await until("PostgreSQL runs", () => cluster.postgres(), { within: 10_000 });
    process.kill(main.pid, signal);
    blows.push(signal === "SIGINT" ? "fast" : "immediate");
  }
  const began = performance.now();
  await cluster.untilWell();
  await pingMs(place, 15_000);
  const recovery = since(began);
  const problems = recovery > 10 ? [`well again only after ${recovery} s`] : [];
  return {
    hit: `restarts: ${blows.join(", ")}`,
    recovery,
    problems: [...problems, ...(await endProblems(place, run, 24))],
  };
}

/** Each COMMIT is done, and one in four is not answered. */
async function lostCommits(place: Place): Promise<RowEnd> {
  const { cluster, chance } = place;
  const run = await cluster.api.trigger("fan_out", { conf: { slowMs: 400 } });
  const before = ways.map((way) => cluster.link(way).counts().lost);
  for (const way of ways) cluster.link(way).mode(loseCommits(chance, 0.25));
  await pause(5_000);
  cluster.healLinks();
  const began = performance.now();
  const problems = [...(await endProblems(place, run, 24))];
  const lost = ways.map((way, index) => cluster.link(way).counts().lost - (before[index] ?? 0));
  if (lost.reduce((sum, one) => sum + one, 0) === 0) problems.push("no answer was lost: nothing was tried");
  return { hit: `answers to COMMIT lost: ${lost.join(" and ")}`, recovery: since(began), problems };
}

const loseCommits = (chance: Chance, share: number) =>
  ({
    kind: "lose-reply",
    choose: (request: Buffer) => request.includes("commit\0") && chance() < share,
    isAnswer: (reply: Buffer) => reply.includes("COMMIT\0"),
  }) as const;

/** Two seconds for each answer, then a table that nobody gets at. */
async function slow(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const run = await cluster.api.trigger("holding", { conf: { width: 9, ms: 1_500 } });
  await pause(500);
  for (const way of ways) cluster.link(way).mode({ kind: "delay", ms: 2_000 });
  await pause(5_000);
  cluster.healLinks();
  const locker = new pg.Client({ connectionString: cluster.databaseUrl });
  await locker.connect();
  try {
    await locker.query("begin; lock table dag in access exclusive mode");
    await pause(4_000);
    await locker.query("rollback");
  } finally {
    await locker.end();
  }
  const began = performance.now();
  const problems = await endProblems(place, run, 9);
  return { hit: "2 s per answer for 5 s, then the table of Dags locked for 4 s", recovery: since(began), problems };
}

/** The connections there are swallow everything, and nobody says so; new ones work. */
const halfOpen =
  (way: Link) =>
  async (place: Place): Promise<RowEnd> => {
    const { cluster } = place;
    await pingMs(place);
    const run = await cluster.api.trigger("fan_out", { conf: { slowMs: 300 } });
    await pause(150);
    cluster.link(way).mode({ kind: "blackhole", only: "open" });
    const began = performance.now();
    const problems: string[] = [];
    // Someone who asks again gets through as soon as the dead connections are known to be dead.
    const pinged = pingMs(place, 60_000).then(
      () => since(began),
      async () => {
        await until("a small run", () => pingMs(place, 20_000), { within: 60_000 });
        return since(began);
      },
    );
    const recovery = await pinged;
    if (recovery > 15) problems.push(`a small run came through only after ${recovery} s`);
    problems.push(...(await endProblems(place, run, 24)));
    const whole = since(began);
    if (whole > 25) problems.push(`the run that was under way took ${whole} s`);
    return { hit: `half-open connections from ${way}`, recovery, problems };
  };

/** Others take all connections but the few that are open, and people ask for lists as fast as they can. */
async function fewConnections(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const run = await holdingAtWork(place, { width: 6, ms: 5_000 });
  const taken: pg.Client[] = [];
  for (;;) {
    const client = new pg.Client({ connectionString: cluster.databaseUrl, connectionTimeoutMillis: 3_000 });
    client.on("error", () => {});
    const refused = await client.connect().then(
      () => false,
      () => true,
    );
    if (refused) break;
    taken.push(client);
  }
  const statuses = new Map<number, number>();
  const ends = performance.now() + 4_000;
  const reader = async (): Promise<void> => {
    while (performance.now() < ends) {
      const status = await cluster.api.ask("GET", "/api/v2/dags/holding/dagRuns?limit=20").then(
        (answer) => answer.status,
        () => 0,
      );
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 12 }, reader));
  await Promise.all(taken.map((client) => client.end().catch(() => {})));
  const began = performance.now();
  const problems = [...(await restarts(place, run)), ...(await endProblems(place, run, 6))];
  if ((statuses.get(500) ?? 0) > 0) problems.push(`${statuses.get(500)} answers were 500`);
  const seen = [...statuses].map(([status, count]) => `${count} × ${status}`).join(", ");
  return { hit: `${taken.length} connections taken by others; reads: ${seen}`, recovery: since(began), problems };
}

/** Clears of everything again and again, while the scheduler and the workers move the same rows. */
async function deadlocks(place: Place): Promise<RowEnd> {
  const { cluster, chance } = place;
  await cluster.sql("alter system set deadlock_timeout = '50ms'");
  await cluster.sql("select pg_reload_conf()");
  const before = await deadlocksSeen(cluster);
  const runs = await Promise.all([0, 1, 2].map(() => cluster.api.trigger("fan_out", { conf: { slowMs: 100 } })));
  const statuses: number[] = [];
  const ends = performance.now() + 6_000;
  const clearer = async (): Promise<void> => {
    while (performance.now() < ends) {
      const body = { dry_run: false, only_failed: false, start_date: "2020-01-01T00:00:00Z" };
      const answer = await cluster.api.ask("POST", "/api/v2/dags/fan_out/clearTaskInstances", body);
      statuses.push(answer.status);
      await pause(between(0, 300, chance));
    }
  };
  await Promise.all([clearer(), clearer(), clearer()]);
  await cluster.sql("alter system reset deadlock_timeout");
  await cluster.sql("select pg_reload_conf()");
  const began = performance.now();
  const problems: string[] = [];
  for (const run of runs) {
    const state = await cluster.api.ended(run, { within: 60_000 });
    if (state !== "success") problems.push(`a run: ${state}`);
  }
  const refused = statuses.filter((status) => status !== 200);
  if (refused.length > 0) problems.push(`clears were answered ${[...new Set(refused)].join(", ")}`);
  const hit = `${statuses.length} clears of all, ${(await deadlocksSeen(cluster)) - before} deadlocks broken`;
  return { hit, recovery: since(began), problems };
}

async function deadlocksSeen(cluster: Cluster): Promise<number> {
  const [row] = await cluster.sql<{ n: number }>(
    "select deadlocks::int as n from pg_stat_database where datname = current_database()",
  );
  return row?.n ?? 0;
}

export const databaseRows: readonly ChaosRow[] = [
  {
    row: 13,
    part: "",
    promise: "PostgreSQL restarts every few seconds and nobody exits; all is well 10 s after the last time",
    proxies: true,
    run: restartsOfPostgres,
  },
  {
    row: 14,
    part: "",
    promise: "a COMMIT whose answer is lost is done once, whatever is done then",
    proxies: true,
    run: lostCommits,
  },
  {
    row: 16,
    part: "",
    promise: "a slow database and a locked table let nothing run twice",
    proxies: true,
    run: slow,
  },
  ...ways.map(
    (way): ChaosRow => ({
      row: 17,
      part: way,
      promise: "a connection that is dead in silence is found within 15 s",
      proxies: true,
      run: halfOpen(way),
    }),
  ),
  {
    row: 17,
    part: "worker-1 to api",
    promise: "a connection that is dead in silence is found within 15 s",
    proxies: true,
    run: halfOpen("worker-1 to api"),
  },
  {
    row: 18,
    part: "",
    promise: "heartbeats go through though others have all connections of the database",
    proxies: true,
    run: fewConnections,
  },
  {
    row: 19,
    part: "",
    promise: "bulk clears against scheduler and finishes: no deadlock is an error of anyone's",
    proxies: true,
    run: deadlocks,
  },
];
