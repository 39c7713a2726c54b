/**
 * `npm run sim -- [--seeds N] [--from S] [--jobs 2] [--json FILE] [--until-failure] [--without crashes,dag-2]`: whole clusters on
 * virtual time, one for each seed, with everything going wrong that can. `--from S --trace` shows one seed step by step,
 * `--from S --shrink` looks for what a failing one can do without. docs/proof/simulator.md says what it proves.
 */
import { runProgram } from "./run-program.mjs";

if (!process.argv.includes("--jobs")) process.argv.push("--jobs", "2");
await runProgram("packages/testkit/src/sim/main.ts");
