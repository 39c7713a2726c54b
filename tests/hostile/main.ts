import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { CaseReport } from "./case.ts";
import { dagFiles } from "./files/corpus.ts";
import { type FilesReport, runFiles } from "./files/run-files.ts";
import { tasks } from "./tasks/corpus.ts";
import { runTasks } from "./tasks/run-tasks.ts";

const tell = (line: string): void => console.error(line);

/** What `npm run hostile` runs: lines for people on standard error, JSON on standard output or in a file. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      files: { type: "boolean", default: false },
      tasks: { type: "boolean", default: false },
      cheap: { type: "boolean", default: false },
      only: { type: "string" },
      json: { type: "string" },
    },
  });
  const both = !values.files && !values.tasks;
  const fits = ({ name, isHeavy }: { readonly name: string; readonly isHeavy?: true }): boolean =>
    name.includes(values.only ?? "") && !(values.cheap && isHeavy);
  const report: Record<string, unknown> = {};
  let isGood = true;
  if (both || values.files) {
    for (const limits of ["short", "published"] as const) {
      const cases = dagFiles.filter((one) => (one.limits ?? "short") === limits && fits(one));
      if (cases.length === 0 || (values.cheap && limits === "published")) continue;
      const ran = await runFiles({ cases, limits, tell });
      report[`files, ${limits} limits`] = ran;
      isGood = show(ran) && isGood;
    }
  }
  const wanted = tasks.filter(fits);
  if ((both || values.tasks) && wanted.length > 0) {
    const ran = await runTasks(wanted, tell);
    report.tasks = ran;
    isGood = show(ran) && isGood;
  }
  const text = JSON.stringify(report, null, 2);
  if (values.json === undefined) console.log(text);
  else writeFileSync(values.json, `${text}\n`);
  process.exitCode = isGood ? 0 : 1;
}

/** @returns whether all is as it should be. */
function show({ cases, troubles, memory, seconds }: FilesReport): boolean {
  const count = (status: CaseReport["status"]): number => cases.filter((one) => one.status === status).length;
  for (const { name, row, status, why } of cases) {
    if (status !== "passed") tell(`${status}: row ${row}, ${name}\n  ${why.join("\n  ")}`);
  }
  for (const trouble of troubles) tell(`trouble: ${trouble}`);
  tell(
    `${count("passed")} passed, ${count("failed")} failed, ${count("not run")} not run; ${seconds} s; memory of the supervising process ${memory.before} to ${memory.after} MiB, peak ${memory.peak}`,
  );
  return count("failed") === 0 && troubles.length === 0;
}

await main();
