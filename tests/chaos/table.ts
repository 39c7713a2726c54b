import type { ChaosRow, UntriedRow } from "./row.ts";
import { fanOutRows } from "./rows/fan-out-rows.ts";

/** The rows of the failure catalogue that are tried here, by number. */
export const rows: readonly ChaosRow[] = [...fanOutRows].sort((a, b) => a.row - b.row);

export const untriedRows: readonly UntriedRow[] = [];
