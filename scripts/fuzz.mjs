/**
 * `npm run fuzz -- http|raw|cli|dags [--seed S] [--requests N | --seconds N] [--json FILE]`: sends a running Airloom what it was
 * never meant to get. Exit code 0 when nothing was found.
 */
import { runProgram } from "./run-program.mjs";

await runProgram("tests/fuzz/main.ts");
