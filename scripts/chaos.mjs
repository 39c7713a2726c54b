/**
 * `npm run chaos -- --all | --row N… [--times 20] [--seed S] [--json FILE] [--resume FILE] [--list]`: the rows of the failure
 * catalogue on real processes, with a ledger outside of Airloom.
 */
import { runProgram } from "./run-program.mjs";

await runProgram("tests/chaos/main.ts");
