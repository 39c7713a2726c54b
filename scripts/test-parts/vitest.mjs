import { existsSync, readFileSync } from "node:fs";
import { binScript } from "../run-command.mjs";
import { runStep } from "./step.mjs";

/** Runs one vitest project and counts from its JSON report, which is written to the path `report`. */
export async function runVitest({ project, filters, report }) {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const args = [binScript("vitest"), "run", "--project", project, "--passWithNoTests", ...reporters, ...filters];
  const ok = await runStep(`${project} tests`, process.execPath, args);
  const tally = countReport(report);
  // An error outside any test, or vitest itself breaking, fails no test: it must still fail the run.
  return !ok && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

function countReport(path) {
  const tally = { passed: 0, failed: 0, skipped: 0 };
  if (!existsSync(path)) return tally;
  for (const file of JSON.parse(readFileSync(path, "utf8")).testResults) {
    for (const { status } of file.assertionResults) {
      tally[status === "passed" || status === "failed" ? status : "skipped"] += 1;
    }
    // A file that does not load, or whose hooks break, has no failed test of its own.
    const failedTests = file.assertionResults.filter(({ status }) => status === "failed").length;
    if (file.status === "failed" && failedTests === 0) tally.failed += 1;
  }
  return tally;
}
