import { benchLines } from "./bench-lines.mjs";
import { proofLines } from "./proof-lines.mjs";

/**
 * The lines of the scoreboard. One that can be run has `command`, which writes its result to FILE, and `judge`, which makes of it
 * `{ value, met }`; one that cannot has `notRun`: why. `id` names its record.
 */
export const lines = [...proofLines, ...benchLines];
