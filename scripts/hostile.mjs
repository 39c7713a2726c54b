/**
 * `npm run hostile -- [--files|--tasks] [--only NAME] [--json FILE]`: Dag files and tasks that harm whoever runs them, through the
 * real dag-processor and the real worker, between good neighbours.
 */
import { runProgram } from "./run-program.mjs";

await runProgram("tests/hostile/main.ts");
