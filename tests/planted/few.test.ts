import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/** `npm run planted` plants all of them. */
const few = ["finish-with-any-token", "heartbeat-with-any-token"];

test("two bugs planted in the shipped SQL are noticed, and nothing is without them", { timeout: 600_000 }, async () => {
  const script = join(fileURLToPath(new URL(".", import.meta.url)), "../../scripts/planted.mjs");
  const args = [script, "--kind", "sql", ...few.flatMap((id) => ["--only", id])];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toMatchObject({ planted: 2, caught: 2, rows: few.map((id) => ({ id, caught: true })) });
});
