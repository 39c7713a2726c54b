/**
 * `npm test`: everything that can be proved on this machine. Builds, then runs the fast tests, the tests with servers and
 * processes, and the smoke tests on newer Nodes. What cannot run here is named with its reason and counted as skipped.
 *
 *   npm test                     all of it
 *   npm test -- unit             one part: unit, system or smoke (several may be named)
 *   npm test -- packages/core    only test files whose path holds this text
 *
 * The last line is `N passed, N failed, N skipped`; the exit code is 1 if something failed or nothing ran.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSmoke } from "./test-parts/smoke.mjs";
import { runStep } from "./test-parts/step.mjs";
import { runVitest } from "./test-parts/vitest.mjs";

const parts = ["unit", "system", "smoke"];
const words = process.argv.slice(2);
const filters = words.filter((word) => !parts.includes(word));
const named = parts.filter((part) => words.includes(part));
// A path filter is about test files: smoke tests have none.
const wanted = named.length > 0 ? named : parts.filter((part) => part !== "smoke" || filters.length === 0);

const reports = mkdtempSync(join(tmpdir(), "airloom-test-"));
try {
  const tallies = await runParts();
  const sum = (key) => tallies.reduce((total, tally) => total + tally[key], 0);
  const [passed, failed, skipped] = [sum("passed"), sum("failed"), sum("skipped")];
  if (passed + failed === 0) console.log("\nNo test ran.");
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
} finally {
  rmSync(reports, { recursive: true, force: true });
}

async function runParts() {
  const tallies = [];
  await runStep("system packages", "bash", ["scripts/ensure-debian.sh"]);
  const needsBuild = wanted.some((part) => part !== "unit");
  const built = !needsBuild || (await runStep("build", process.execPath, ["scripts/build.mjs"]));
  if (!built) tallies.push({ passed: 0, failed: 1, skipped: 0 });
  for (const part of wanted) {
    if (part !== "unit" && !built) {
      console.log(`\nnot run: ${part}: the build failed`);
      tallies.push({ passed: 0, failed: 0, skipped: 1 });
    } else if (part === "smoke") {
      tallies.push(await runSmoke());
    } else {
      tallies.push(await runVitest({ project: part, filters, report: join(reports, `${part}.json`) }));
    }
  }
  return tallies;
}
