import { dag, task } from "airloom";

// Its retry is due in ten years: the home is packed while a task waits for it.
const never = task("never", { retries: 1, retryDelay: "3650d" }, () => {
  throw new Error("not today");
});

export const waiting = dag("populated_waiting", { tags: ["populated"] }, () => {
  never();
});

/** Paused, with a run that is queued. */
export const paused = dag(
  "populated_paused",
  { tags: ["populated"], schedule: "@daily", startDate: "2026-01-01" },
  () => {
    task("idle", () => "done")();
  },
);
