import { existsSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { context, dag, every, task } from "airloom";
import { z } from "zod";

/** Works until a file is there: the test decides when. */
const held = task("held", async (path: string): Promise<string> => {
  const { signal, log } = context();
  log.info("waiting", { path });
  while (!existsSync(path)) await pause(10, undefined, { signal });
  log.info("let go");
  return "let go";
});
const after = task("after", (words: string): string => `${words}!`);

export const waits = dag("waits", { params: z.object({ path: z.string().default("/nowhere") }) }, ({ params }) => {
  after(held(params.path));
});

const narrow = task("narrow", { pool: "narrow" }, async (index: number): Promise<number> => {
  await pause(20);
  return index;
});
export const pooled = dag("pooled", { maxActiveTasks: 32 }, () => {
  narrow.expand(Array.from({ length: 12 }, (_, index) => index));
});

const tick = task("tick", () => new Date().toISOString());
export const ticking = dag(
  "ticking",
  { schedule: every("1s"), startDate: "2026-01-01", pausedUponCreation: true },
  () => {
    tick();
  },
);
