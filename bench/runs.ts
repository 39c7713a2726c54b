/**
 * The moves of a run against PostgreSQL, without processes: what the store alone allows. Chain of 40 and 1 → 1,000 → 1 through
 * finish → advance → admit → claim, beside the floor: a single-row commit by the same client.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPostgresStore, migrate, startEmbedded } from "@airloom/db";
import type { Store } from "@airloom/store";
import { publish, runsOver, someSpec, someTask, trigger, work } from "@airloom/testkit/bench";
import { countingServer, countStatements, statementCosts } from "./parts/statements.ts";

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const round = (value: number): number => Math.round(value * 100) / 100;

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

async function repeat(times: number, act: () => Promise<number>): Promise<number> {
  const figures: number[] = [];
  for (let index = 0; index < times; index += 1) figures.push(await act());
  return round(median(figures));
}

const chain = (length: number) =>
  Array.from({ length }, (_, index) => someTask({ id: `t${index}`, upstream: index === 0 ? [] : [`t${index - 1}`] }));

function fanOut(width: number) {
  const middle = Array.from({ length: width }, (_, index) => someTask({ id: `m${index}`, upstream: ["start"] }));
  return [someTask({ id: "start" }), ...middle, someTask({ id: "join", upstream: middle.map(({ id }) => id) })];
}

const unlimited = { maxActiveTasks: 100_000 };

async function measure(store: Store) {
  await store.tx(async (tx) => {
    await tx.upsertExecutor({ name: "local", parallelism: 0 });
    await tx.updatePool({ name: "default_pool", slots: -1, description: null, includeDeferred: false });
  });
  const under = runsOver(store);
  const run = async (tasks: ReturnType<typeof chain>, slots: number) => {
    const dag = await publish(store, someSpec({ tasks, ...unlimited }));
    return timed(async () => {
      await trigger(under, dag);
      await work(under, undefined, { slots });
    });
  };
  await run(chain(40), 1);
  const commit = await repeat(200, () => timed(() => store.tx((tx) => tx.wakeRuns([1], "bench"))));
  await store.tx((tx) => tx.takeWakeups(10_000));
  return {
    unit: "ms, median",
    "commit of one row": commit,
    "chain of 40": await repeat(7, () => run(chain(40), 1)),
    "1 → 1,000 → 1, 16 slots": process.argv.includes("--chain") ? null : await repeat(3, () => run(fanOut(1_000), 16)),
  };
}

const isDetailed = process.argv.includes("--statements");
const home = mkdtempSync(join(tmpdir(), "airloom-bench-"));
const server = await startEmbedded({
  home,
  ...(isDetailed && { settings: countingServer }),
});
try {
  await migrate(server.url);
  if (isDetailed) await countStatements(server.url);
  const store = createPostgresStore({ url: server.url });
  const figures = await measure(store);
  const detail = isDetailed ? { statements: await statementCosts(server.url) } : {};
  console.log(JSON.stringify({ bench: "runs", node: process.version, figures, ...detail }, null, 2));
  await store.close();
} finally {
  await server.stop("fast");
  rmSync(home, { recursive: true, force: true });
}
