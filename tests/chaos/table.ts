import type { ChaosRow } from "./row.ts";
import { dagFileRows } from "./rows/dag-files.ts";
import { databaseRows } from "./rows/database.ts";
import { diskRows } from "./rows/disk-full.ts";
import { fanOutRows } from "./rows/fan-out-rows.ts";
import { logAndLoadRows } from "./rows/logs-and-load.ts";
import { networkRows } from "./rows/network.ts";
import { processDeathRows } from "./rows/process-death.ts";
import { taskBehaviourRows } from "./rows/task-behaviour.ts";
import { timeAndLimitRows } from "./rows/time-and-limits.ts";

/** The rows of the failure catalogue that are tried here, by number. */
export const rows: readonly ChaosRow[] = [
  ...fanOutRows,
  ...processDeathRows,
  ...databaseRows,
  ...diskRows,
  ...timeAndLimitRows,
  ...dagFileRows,
  ...taskBehaviourRows,
  ...logAndLoadRows,
  ...networkRows,
].sort((a, b) => a.row - b.row);
