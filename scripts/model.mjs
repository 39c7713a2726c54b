/** `npm run model`: visits every state of the task-instance machine in several scopes and prints how many there were, a JSON line each. */
import { runProgram } from "./run-program.mjs";

await runProgram("tests/model/main.ts");
