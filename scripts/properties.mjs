/**
 * `npm run properties [-- --scale 50] [--seed N] [--json FILE] [path…]`: the properties of the fast tests over many more values than a run of the
 * tests takes: every IANA zone with all its changes of offset (from scale 35 on), values and Specs across the wire, graphs to their
 * end. A failure is repeated with its seed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { binScript } from "./run-command.mjs";
import { codeFiles, readText } from "./source-tree.mjs";
import { runStep } from "./test-parts/step.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { scale: { type: "string", default: "50" }, seed: { type: "string" }, json: { type: "string" } },
});
const { scale, seed = String(Date.now() % 1_000_000_000) } = values;
Object.assign(process.env, { AIRLOOM_TEST_SCALE: scale, AIRLOOM_TEST_SEED: seed });
console.log(`again: npm run properties -- --scale ${scale} --seed ${seed}`);

const isWanted = (path) => positionals.length === 0 || positionals.some((part) => path.includes(part));
const paths = codeFiles().filter(
  (path) => path.endsWith(".test.ts") && readText(path).includes("testkit/properties") && isWanted(path),
);
// An hour, for what takes a second at scale 1.
const args = [binScript("vitest"), "run", "--project", "unit", "--testTimeout=3600000", ...paths];
const reports = values.json ? ["--reporter=default", "--reporter=json", `--outputFile.json=${values.json}`] : [];
if (!(await runStep("properties", process.execPath, [...args, ...reports]))) process.exitCode = 1;
if (values.json) {
  const { testResults: _, ...counts } = JSON.parse(readFileSync(values.json, "utf8"));
  writeFileSync(values.json, JSON.stringify({ scale: Number(scale), seed: Number(seed), ...counts }));
}
