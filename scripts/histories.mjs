/**
 * `npm run histories -- [--seed N] [--seconds N] [--connections N]`: many connections make the moves of runs on one PostgreSQL at
 * the same time, disturbed by delays and broken connections; what each was told and what the database recorded is then checked for
 * lost, doubled and illegal moves.
 */
import { runProgram } from "./run-program.mjs";

await runProgram("tests/histories/main.ts");
