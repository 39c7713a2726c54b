import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { until } from "../../support/until.ts";
import { type ChaosRow, type Place, type RowEnd, type RunName, since } from "../row.ts";
import { endProblems, holdingAtWork, pingMs, restarts } from "../runs.ts";

/** What `holding` says in each of its tasks. */
async function logProblems({ cluster }: Place, run: RunName, width: number): Promise<readonly string[]> {
  const problems: string[] = [];
  for (let index = 0; index < width; index += 1) {
    const path = `/api/v2/dags/holding/dagRuns/${encodeURIComponent(run.dag_run_id)}/taskInstances/hold/logs/1`;
    const full = async (): Promise<boolean> => {
      const { content } = await cluster.api.get<{ content: readonly { readonly event: string }[] }>(
        `${path}?full_content=true&map_index=${index}`,
      );
      return ["holding", "held"].every((word) => content.some(({ event }) => event === word));
    };
    await until(`the log of ${index} is there`, full, { within: 5_000 }).catch((error: unknown) => {
      problems.push(String(error));
    });
  }
  return problems;
}

/** Nothing can be written into the table of logs for a while. */
async function logsLocked(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const run = await holdingAtWork(place, { width: 6, ms: 2_500 });
  const locker = new pg.Client({ connectionString: cluster.databaseUrl });
  await locker.connect();
  try {
    await locker.query("begin; lock table log_chunk in access exclusive mode");
    await pause(4_000);
    await locker.query("rollback");
  } finally {
    await locker.end();
  }
  const began = performance.now();
  const problems = [...(await endProblems(place, run, 6)), ...(await restarts(place, run))];
  problems.push(...(await logProblems(place, run, 6)));
  return { hit: "the table of logs locked for 4 s, over the end of 6 tasks", recovery: since(began), problems };
}

/** The table of logs is gone for a while. */
async function logsGone(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const run = await holdingAtWork(place, { width: 6, ms: 2_500 });
  await cluster.sql("alter table log_chunk rename to log_chunk_away");
  try {
    await pause(4_000);
  } finally {
    await cluster.sql("alter table log_chunk_away rename to log_chunk");
  }
  const began = performance.now();
  const problems = [...(await endProblems(place, run, 6)), ...(await restarts(place, run))];
  const recovery = since(began);
  const next = await holdingAtWork(place, { width: 3, ms: 300 });
  problems.push(...(await endProblems(place, next, 3)), ...(await logProblems(place, next, 3)));
  return { hit: "the table of logs away for 4 s, over the end of 6 tasks", recovery, problems };
}

/** A worker dies with all of its disk: what its tasks said is with the control plane. */
async function logsOfTheDead(place: Place): Promise<RowEnd> {
  const { cluster, ledger } = place;
  const run = await holdingAtWork(place, { width: 6, ms: 2_500 });
  await pause(1_500);
  const own = new Set(
    cluster
      .member("worker-1")
      .tree()
      .map(({ pid }) => pid),
  );
  const held = (await ledger.running(run.dag_run_id)).filter(({ pid }) => own.has(pid));
  await cluster.kill("worker-1", "later");
  const began = performance.now();
  const problems: string[] = [];
  for (const { map_index } of held) {
    const [row] = await cluster.sql<{ text: string | null }>(
      `select string_agg(array_to_string(l.records, ' '), ' ') as text from log_chunk l
      join task_instance ti on ti.id = l.task_instance_id join dag_run r on r.key = ti.run_key
      where r.run_id = $1 and ti.task_id = 'hold' and ti.map_index = $2 and l.attempt = 1`,
      [run.dag_run_id, map_index],
    );
    if (!row?.text?.includes("holding")) problems.push(`the log of hold[${map_index}] is lost`);
  }
  problems.push(...(await endProblems(place, run, 6)));
  const recovery = since(began);
  await cluster.bringBack("worker-1");
  return { hit: `worker-1 and the disk of ${held.length} tasks`, recovery, problems };
}

/** Lists as fast as they come, from many at once, while tasks run. */
async function readStorm(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const run = await holdingAtWork(place, { width: 6, ms: 6_000 });
  const paths = [
    "/api/v2/dags?limit=50",
    "/api/v2/dags/~/dagRuns?limit=50",
    "/api/v2/dags/~/dagRuns/~/taskInstances?limit=50",
    "/api/v2/eventLogs?limit=50",
  ];
  const statuses = new Map<number, number>();
  const beats: number[] = [];
  const ends = performance.now() + 5_000;
  const reader = async (who: number): Promise<void> => {
    for (let turn = who; performance.now() < ends; turn += 1) {
      const status = await cluster.api.ask("GET", paths[turn % paths.length] ?? "").then(
        (answer) => answer.status,
        () => 0,
      );
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const heart = async (): Promise<void> => {
    for (; performance.now() < ends; await pause(100)) {
      const began = performance.now();
      await cluster.execution.heartbeat({ workerId: crypto.randomUUID(), attempts: [] });
      beats.push(performance.now() - began);
    }
  };
  await Promise.all([heart(), ...Array.from({ length: 32 }, (_, who) => reader(who))]);
  const began = performance.now();
  const problems = [...(await restarts(place, run)), ...(await endProblems(place, run, 6))];
  const odd = [...statuses.keys()].filter((status) => ![200, 429, 503].includes(status));
  if (odd.length > 0) problems.push(`readers were answered ${odd.join(", ")}`);
  const p99 = beats.sort((a, b) => a - b)[Math.floor(beats.length * 0.99)] ?? 0;
  if (p99 > 1_000) problems.push(`a heartbeat took ${Math.round(p99)} ms`);
  const count = [...statuses.values()].reduce((sum, one) => sum + one, 0);
  return { hit: `${count} lists in 5 s; heartbeats at most ${Math.round(p99)} ms`, recovery: since(began), problems };
}

/** Hundreds who send a byte a second, and hundreds who send nothing. */
async function slowClients(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const { port } = cluster.project;
  const before = residentMb(cluster.member("api").id.pid);
  const sockets: Socket[] = [];
  for (let index = 0; index < 600; index += 1) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    sockets.push(socket);
  }
  await until("all are connected", () => sockets.every((socket) => !socket.connecting), { within: 10_000 });
  const ends = performance.now() + 6_000;
  const text = "GET /api/v2/dags HTTP/1.1\r\nhost: somewhere\r\nx-slow: ";
  const drip = (async () => {
    for (let at = 0; performance.now() < ends; at += 1) {
      for (const socket of sockets.slice(0, 300)) if (!socket.destroyed) socket.write(text[at] ?? "x");
      await pause(500);
    }
  })();
  const pings: number[] = [];
  while (performance.now() < ends - 1_000) pings.push(await pingMs(place));
  const problems: string[] = [];
  const slowest = Math.max(...pings);
  if (slowest > 5_000) problems.push(`a small run took ${slowest} ms beside them`);
  const grown = residentMb(cluster.member("api").id.pid) - before;
  if (grown > 100) problems.push(`the API server grew by ${grown} MB`);
  await drip;
  for (const socket of sockets) socket.destroy();
  await pingMs(place);
  const hit = `600 sockets; ${pings.length} small runs beside them, ${Math.round(slowest)} ms at most; ${Math.round(grown)} MB more`;
  return { hit, recovery: null, problems };
}

function residentMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  return Number(kb) / 1_024;
}

/** Someone's open transaction keeps old rows alive: claims get slower, not stuck. */
async function idleTransaction(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const before = await pingMs(place);
  const idler = new pg.Client({ connectionString: cluster.databaseUrl });
  await idler.connect();
  try {
    await idler.query("begin isolation level repeatable read; select 1 from task_instance limit 1");
    const runs = await Promise.all([0, 1, 2].map(() => cluster.api.trigger("crowded")));
    const problems: string[] = [];
    for (const run of runs) {
      const state = await cluster.api.ended(run, { within: 60_000 });
      if (state !== "success") problems.push(`a run: ${state}`);
    }
    const after = await pingMs(place);
    if (after > 3 * before + 1_000) problems.push(`a small run took ${after} ms instead of ${before} ms`);
    const hit = `180 tasks behind an idle transaction; a small run took ${Math.round(after)} ms, before ${Math.round(before)} ms`;
    return { hit, recovery: null, problems };
  } finally {
    await idler.end();
  }
}

export const logAndLoadRows: readonly ChaosRow[] = [
  {
    row: 23,
    part: "",
    promise: "an idle transaction of someone else slows nothing down by much",
    proxies: true,
    run: idleTransaction,
  },
  {
    row: 59,
    part: "",
    promise: "logs that cannot be written for a while hold up no task, and come later",
    proxies: true,
    run: logsLocked,
  },
  {
    row: 60,
    part: "",
    promise: "where logs go is gone for a while: tasks go on, and later logs are whole",
    proxies: true,
    run: logsGone,
  },
  {
    row: 61,
    part: "logs",
    promise: "what a task said is with the control plane 2 s later, whatever becomes of its machine",
    proxies: true,
    run: logsOfTheDead,
  },
  {
    row: 65,
    part: "",
    promise: "readers at full speed take no lease away: a heartbeat takes less than a second",
    proxies: true,
    run: readStorm,
  },
  {
    row: 66,
    part: "",
    promise: "slow and silent clients by the hundred cost the others nothing",
    proxies: true,
    run: slowClients,
  },
];
