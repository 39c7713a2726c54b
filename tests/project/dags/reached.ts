import { context, dag, every, task } from "airloom";
import { recordExecution } from "../lib/record-execution.ts";

const again = { retries: 5, retryDelay: "100ms" } as const;

const tick = task("tick", again, () => recordExecution(async () => context().mapIndex));

/** Comes by its schedule alone; every time of it must have its run. */
export const ticks = dag(
  "ticks",
  { schedule: every("1s"), startDate: "2026-01-01", catchup: true, pausedUponCreation: true },
  () => {
    tick();
  },
);

const push = task("push", again, () =>
  recordExecution(async () => {
    await context().pushXCom("note", { words: "kept" });
    return "pushed";
  }),
);

/** A task that writes a value before it ends. */
export const notes = dag("notes", {}, () => {
  push();
});

const speak = task("speak", again, () => recordExecution(async () => "first revision"));

/** Changes with its file. */
export const edited = dag("edited", {}, () => {
  speak();
});
