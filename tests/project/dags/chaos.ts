import { spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { chain, context, dag, task } from "airloom";
import { z } from "zod";
import { recordExecution } from "../lib/record-execution.ts";

const again = { retries: 5, retryDelay: "100ms" } as const;

/** Works for a while, deaf to nothing; in the ledger. */
const hold = task(
  "hold",
  again,
  ({ ms }: { index: number; ms: number }): Promise<string> =>
    recordExecution(async () => {
      const { signal, log } = context();
      log.info("holding", { ms });
      await pause(ms, undefined, { signal });
      log.info("held");
      return "held";
    }),
);
const parts = task("parts", again, (width: number, ms: number) =>
  Array.from({ length: width }, (_, index) => ({ index, ms })),
);

const holdParams = z.object({ width: z.number().int().default(4), ms: z.number().int().default(1_000) });

/** So many tasks that take so long. */
export const holding = dag("holding", { params: holdParams, maxActiveTasks: 64, maxActiveRuns: 64 }, ({ params }) => {
  hold.expand(parts(params.width, params.ms));
});

/** Many short tasks in a pool that is narrower than the slots there are. */
const inPool = task("in_pool", { ...again, pool: "eight" }, (index: number): number => index);
export const crowded = dag("crowded", { maxActiveTasks: 64, maxActiveRuns: 64 }, () => {
  inPool.expand(Array.from({ length: 60 }, (_, index) => index));
});

/** One small task: how long it takes tells how well the system is. */
const ping = task("ping", again, (): string => "pong");
export const pinging = dag("pinging", { maxActiveRuns: 64 }, () => {
  ping();
});

/** Its run is broken by hand, in the database: the other Dags must not suffer. */
const first = task("first", again, (): string => "first");
const second = task("second", again, (): string => "second");
export const poisoned = dag("poisoned", { maxActiveRuns: 64 }, () => {
  chain(first(), second());
});

const many = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const failsOnce = task("fails_once", { retries: 1, retryDelay: "1s" }, (_: number): string => {
  if (context().tryNumber === 1) throw new Error("all at once");
  return "at the second try";
});
/** A thousand that fail at once and are tried again. */
export const failing = dag("failing", { maxActiveTasks: 64 }, () => {
  failsOnce.expand(many(1_000));
});

/** A process of it outlives the task and holds its output. */
const leaver = task("leaver", { retries: 0 }, async (): Promise<string> => {
  spawn("sleep", ["30"], { stdio: ["ignore", "inherit", "inherit"] }).unref();
  return "left one behind";
});
export const leaving = dag("leaving", {}, () => {
  leaver();
});

/** Says something and is gone. */
const dies = task("dies", { retries: 0 }, async (): Promise<void> => {
  console.log("last words");
  await pause(300);
  process.kill(process.pid, "SIGKILL");
  await pause(10_000);
});
export const dying = dag("dying", {}, () => {
  dies();
});
