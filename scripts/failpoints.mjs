/**
 * `npm run failpoints -- [--point P]… [--action A]… [--times N] [--seed S] [--json FILE]`: makes processes of a running Airloom crash,
 * fail, wait and lose replies at every failpoint there is, and checks that nothing is lost, doubled or stuck.
 */
import { runProgram } from "./run-program.mjs";

await runProgram("tests/failpoints/main.ts");
