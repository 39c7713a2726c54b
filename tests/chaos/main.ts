import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { runCampaign, type Task } from "./campaign.ts";
import { commitNow, notRun, type Repetition, type Report, readReport, reportOf, writeReport } from "./report.ts";
import { type ChaosRow, rowName } from "./row.ts";
import { rows } from "./table.ts";
import { untriedRows } from "./untried-rows.ts";

const usage = `usage: npm run chaos -- (--all | --row N…) [--times T] [--seed S] [--json FILE] [--resume FILE] [--list]
  --row N      a row of the failure catalogue: its number, or its number and a part's name ('4 kill-worker')
  --times T    repetitions of each (20)
  --seed S     of the first repetition, the next one has S + 1
  --json FILE  the report, written anew after each repetition
  --resume F   go on with this report: rows that have enough repetitions at this commit are not done again`;

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    row: { type: "string", multiple: true },
    times: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    json: { type: "string" },
    resume: { type: "string" },
    list: { type: "boolean", default: false },
  },
});

/** What `npm run chaos` runs: lines for people on standard error, the report on standard output. */
async function main(): Promise<number> {
  if (values.list) return list();
  const wanted = values.row ?? [];
  const isWanted = (name: string, row: number): boolean =>
    values.all || wanted.some((one) => one === name || one === `${row}`);
  const chosen = rows.filter((row) => isWanted(rowName(row), row.row));
  const untried = untriedRows.filter(({ row }) => isWanted(`${row}`, row));
  const times = Number(values.times);
  const seed = Number(values.seed);
  if (chosen.length + untried.length === 0 || !Number.isInteger(times) || times < 1 || !Number.isInteger(seed)) {
    console.error(usage);
    return 2;
  }
  console.error(`seed ${seed}, commit ${commitNow()}`);
  const file = values.json ?? values.resume;
  const earlier = values.resume === undefined ? null : readReport(values.resume);
  const known = new Map<string, Repetition[]>(
    (earlier?.rows ?? []).map(({ name, repetitions }) => [name, [...repetitions]]),
  );
  const reportNow = (): Report => ({
    seed,
    machine: { processors: availableParallelism(), node: process.version },
    rows: [
      ...chosen.map((row) => rowReport(row, known)),
      ...untried.map((one) => notRun({ ...one, name: `${one.row}` }, one.why)),
    ].sort((a, b) => a.row - b.row),
  });
  for (const { row, why } of untried) console.error(`${row}: not run: ${why}`);
  for (const row of chosen) if (row.cannot?.()) console.error(`${rowName(row)}: not run: ${row.cannot()}`);
  const save = (): void => {
    if (file !== undefined) writeReport(file, reportNow());
  };
  save();
  await runCampaign({
    tasks: tasksOf(chosen, { known, times, seed }),
    done: (row, repetition) => {
      const name = rowName(row);
      known.set(name, [...(known.get(name) ?? []), repetition]);
      console.error(lineOf(name, repetition));
      save();
    },
  });
  const report = reportNow();
  console.log(JSON.stringify(file === undefined ? report : summaryOf(report), null, 2));
  return report.rows.some(({ result }) => result === "failed") ? 1 : 0;
}

function list(): number {
  const all = [
    ...rows.map((row) => ({
      row: row.row,
      line: `${rowName(row)}: ${row.promise}${row.cannot?.() ? ` (not run: ${row.cannot()})` : ""}`,
    })),
    ...untriedRows.map((row) => ({ row: row.row, line: `${row.row}: ${row.promise} (not run: ${row.why})` })),
  ].sort((a, b) => a.row - b.row);
  for (const { line } of all) console.log(line);
  return 0;
}

function rowReport(row: ChaosRow, known: ReadonlyMap<string, readonly Repetition[]>) {
  const named = { row: row.row, name: rowName(row), promise: row.promise };
  const why = row.cannot?.();
  return why ? notRun(named, why) : reportOf(named, known.get(named.name) ?? []);
}

interface Wanted {
  readonly known: ReadonlyMap<string, readonly Repetition[]>;
  readonly times: number;
  readonly seed: number;
}

/**
 * Round after round, so that a campaign that is stopped has done each row about as often; in a round, rows of one kind of cluster
 * follow each other: starting one takes as long as many a row.
 */
function tasksOf(chosen: readonly ChaosRow[], { known, times, seed }: Wanted): readonly Task[] {
  const commit = commitNow();
  const able = chosen.filter((row) => !row.cannot?.());
  const ordered = [...able.filter(({ proxies }) => !proxies), ...able.filter(({ proxies }) => proxies)];
  const had = (row: ChaosRow): number => (known.get(rowName(row)) ?? []).filter((one) => one.commit === commit).length;
  return Array.from({ length: times }, (_, round) => round).flatMap((round) =>
    ordered.filter((row) => round >= had(row)).map((row) => ({ row, seed: seed + round })),
  );
}

const lineOf = (name: string, { outcome, took, recovery, hit, problems, again }: Repetition): string =>
  outcome === "passed"
    ? `${name}: passed in ${took} s${recovery === null ? "" : `, well again after ${recovery} s`}: ${hit}`
    : `${name}: FAILED in ${took} s: ${hit}\n  ${problems.join("\n  ").slice(0, 6_000)}\n  again: ${again}`;

const summaryOf = ({ rows: all, ...rest }: Report) => ({
  ...rest,
  rows: all.map(({ repetitions: _, ...row }) => row),
});

// What a row that failed left under way breaks when its cluster is thrown away: no reason to stop the others.
for (const event of ["unhandledRejection", "uncaughtException"] as const)
  process.on(event, (error: unknown) => console.error(`(left over from a row that failed: ${String(error)})`));

process.exitCode = await main();
