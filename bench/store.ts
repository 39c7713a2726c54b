import { createHash, randomUUID } from "node:crypto";
import { type DagSpec, specFormat } from "@airloom/core";
import { createPostgresStore } from "@airloom/db";
import type { NewTaskInstance, Store, TaskInstanceRow } from "@airloom/store";
import pg from "pg";

/** One measured thing. Times in milliseconds. */
export interface StoreFigure {
  readonly name: string;
  readonly repeats: number;
  /** What it takes on a quiet machine, more or less. */
  readonly p10: number;
  readonly p50: number;
  readonly p99: number;
}

const fanOut = 1000;

/**
 * What the verbs cost on one connection, one after another, beside the floor: a single-row commit by the same driver.
 * @param url a migrated, empty database; start its server with fsync on.
 */
export async function measureStore(url: string): Promise<readonly StoreFigure[]> {
  const store = createPostgresStore({ url, poolSize: 4 });
  try {
    return [...(await measureFloor(url)), ...(await measureSmall(store)), ...(await measureWide(store))];
  } finally {
    await store.close();
  }
}

async function repeat(name: string, repeats: number, work: (turn: number) => Promise<unknown>): Promise<StoreFigure> {
  const warmUp = Math.min(20, Math.ceil(repeats / 4));
  const times: number[] = [];
  for (let turn = 0; turn < warmUp + repeats; turn += 1) {
    const start = performance.now();
    await work(turn);
    if (turn >= warmUp) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round((times[Math.floor(times.length * share)] ?? 0) * 1000) / 1000;
  return { name, repeats, p10: at(0.1), p50: at(0.5), p99: at(0.99) };
}

/** What no store on this server and driver can beat. */
async function measureFloor(url: string): Promise<readonly StoreFigure[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("create table bench_floor (id int primary key, n int not null) with (fillfactor = 50)");
    await client.query("insert into bench_floor select g, 0 from generate_series(1, 1000) g");
    const update = { name: "floor", text: "update bench_floor set n = n + 1 where id = $1" };
    return [
      await repeat("floor: select 1", 500, () => client.query({ name: "one", text: "select 1" })),
      await repeat("floor: single-row commit", 500, (turn) => client.query({ ...update, values: [(turn % 1000) + 1] })),
      await repeat("floor: update of 1,000 rows", 20, () => client.query("update bench_floor set n = n + 1")),
    ];
  } finally {
    await client.query("drop table if exists bench_floor");
    await client.end();
  }
}

async function measureSmall(store: Store): Promise<readonly StoreFigure[]> {
  const { runKey, rows } = await insertRun(store, "bench_small", 2000);
  const scheduled = new Map((await moveAll(store, rows, "scheduled")).map((row) => [row.id, row]));
  const ids = [...scheduled.keys()];
  const figures = [
    await repeat("empty transaction", 500, () => store.tx(async () => {})),
    await repeat("transaction with one read", 500, () => store.tx((tx) => tx.listRunsByKey([runKey]))),
    await repeat("lock of pool and executor, no wait", 300, () =>
      store.tx((tx) =>
        Promise.all([tx.lockExecutors(["local"], { wait: false }), tx.lockPools(["default_pool"], { wait: false })]),
      ),
    ),
    await repeat("move of 1 row", 500, (turn) =>
      store.tx((tx) => tx.moveTaskInstances([{ id: ids[turn] ?? "", from: "scheduled", attempt: 0, to: "queued" }])),
    ),
    await repeat("count of live slots (500 live)", 200, () =>
      store.tx((tx) =>
        tx.countLiveSlots({
          executors: ["local"],
          pools: ["default_pool"],
          runKeys: [runKey],
          tasks: [],
          runTasks: [],
        }),
      ),
    ),
    await repeat("claim of 1", 200, () => store.tx((tx) => tx.claimQueued(someClaim(1)))),
    await repeat("claim of 1, warm artifacts", 200, () =>
      store.tx((tx) => tx.claimQueued({ ...someClaim(1), warmArtifacts: ["artifact"] })),
    ),
  ];
  const held = await store.tx((tx) => tx.listLeasesOfWorkers(["bench"]));
  const finish = await repeat("finish: lock run, move, attempt, tally, count", 300, (turn) => {
    const row = held[turn];
    if (!row?.tokenHash) throw new Error("too few claimed");
    return finishOne(store, { ...row, tokenHash: row.tokenHash });
  });
  return [...figures, finish];
}

const finishOne = (store: Store, row: TaskInstanceRow & { readonly tokenHash: string }) =>
  store.tx(async (tx) => {
    await tx.lockRuns([row.runKey]);
    const { id, attempt, tokenHash } = row;
    await Promise.all([
      tx.moveTaskInstances([{ id, from: "running", attempt, to: "success", tokenHash }]),
      tx.endAttempts([{ taskInstanceId: id, attempt, outcome: "succeeded", failure: null, fingerprint: null }]),
      tx.addTallies(row.runKey, [{ ...emptyTally, taskId: "join", success: 1 }]),
      tx.adjustUnfinished([{ runKey: row.runKey, delta: -1 }]),
      tx.listTallies(row.runKey, ["join"]),
    ]);
  });

async function measureWide(store: Store): Promise<readonly StoreFigure[]> {
  const runs: (readonly TaskInstanceRow[])[] = [];
  const insert = await repeat("run with 1,000 instances inserted", 12, async (turn) => {
    runs.push((await insertRun(store, `bench_wide_${turn}`, fanOut)).rows);
  });
  const scheduled: (readonly TaskInstanceRow[])[] = [];
  const toScheduled = await repeat("move of 1,000 rows to scheduled", 9, async (turn) => {
    scheduled.push(await moveAll(store, runs[turn] ?? [], "scheduled"));
  });
  const candidates = await repeat("500 candidates of 12,000", 20, () =>
    store.tx((tx) => tx.listCandidates({ limit: 500, perRun: 500 })),
  );
  const toQueued = await repeat("move of 1,000 rows to queued", 9, (turn) =>
    moveAll(store, scheduled[turn] ?? [], "queued"),
  );
  const claimTwenty = await repeat("claim of 20", 200, () => store.tx((tx) => tx.claimQueued(someClaim(20))));
  const held = await store.tx((tx) => tx.listLeasesOfWorkers(["bench"]));
  const keys = held
    .slice(0, 32)
    .map(({ id, attempt, tokenHash }) => ({ taskInstanceId: id, attempt, tokenHash: tokenHash ?? "" }));
  const heartbeat = await repeat("heartbeat of 32 leases", 200, () => store.tx((tx) => tx.extendLeases(keys, 30_000)));
  return [insert, toScheduled, candidates, toQueued, claimTwenty, heartbeat];
}

const emptyTally = { total: 0, success: 0, failed: 0, upstreamFailed: 0, skipped: 0, removed: 0 };

const someClaim = (slots: number) => ({
  executor: "local",
  queues: ["default"],
  workerId: "bench",
  tokenHashes: Array.from({ length: slots }, () => createHash("sha256").update(randomUUID()).digest("hex")),
  leaseMs: 30_000,
  warmArtifacts: [],
});

const moveAll = (store: Store, rows: readonly TaskInstanceRow[], to: "scheduled" | "queued") =>
  store.tx((tx) => tx.moveTaskInstances(rows.map(({ id, state, attempt }) => ({ id, from: state, attempt, to }))));

/** A running run with a wide task; every instance is `none`. */
async function insertRun(store: Store, dagId: string, width: number) {
  return store.tx(async (tx) => {
    const { dag } = await tx.publishDag({
      dagId,
      file: `${dagId}.ts`,
      spec: benchSpec(dagId),
      specHash: dagId,
      artifactId: "artifact",
      newVersionId: randomUUID(),
      pausedUponCreation: false,
    });
    const { now } = tx;
    const run = await tx.insertRun({
      dagId,
      runId: "bench",
      runType: "manual",
      versionId: dag.versionId,
      logicalDate: now,
      intervalStart: null,
      intervalEnd: null,
      runAfter: now,
      conf: {},
      triggeredBy: "test",
      triggeringUser: null,
      note: null,
      unfinished: width,
    });
    if (!run) throw new Error("the database is not empty");
    await Promise.all([
      tx.insertTaskInstances(Array.from({ length: width }, (_, mapIndex) => wideInstance(dagId, run.id, mapIndex))),
      tx.insertTallies(run.id, [{ ...emptyTally, taskId: "join", total: width }]),
      tx.moveRun({ runKey: run.id, from: "queued", to: "running" }),
    ]);
    return { runKey: run.id, rows: await tx.listTaskInstances({ runKey: run.id }) };
  });
}

const wideInstance = (dagId: string, runKey: number, mapIndex: number): NewTaskInstance => ({
  id: randomUUID(),
  runKey,
  dagId,
  taskId: "wide",
  mapIndex,
  operator: "task",
  maxTries: 0,
  pool: "default_pool",
  poolSlots: 1,
  queue: "default",
  executor: "local",
  priority: 1,
});

const benchSpec = (dagId: string): DagSpec => ({
  format: specFormat,
  dagId,
  displayName: dagId,
  description: null,
  docMd: null,
  tags: [],
  owners: [],
  schedule: { kind: "none" },
  startDate: null,
  endDate: null,
  catchup: false,
  maxActiveRuns: 16,
  maxActiveTasks: fanOut,
  maxConsecutiveFailedRuns: 0,
  runTimeoutSeconds: null,
  failFast: false,
  pausedUponCreation: null,
  params: { schema: { type: "object" }, defaults: {} },
  needsLogicalDate: false,
  data: null,
  groups: [],
  tasks: [],
  edgeLabels: [],
});
