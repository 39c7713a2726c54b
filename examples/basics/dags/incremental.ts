import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { context, cron, dag, task } from "airloom";

interface Measurement {
  at: Date;
  degrees: number;
}

/** What a station measured from one instant up to another: the same for the same interval, whenever it is asked for. */
export function measurementsBetween(from: Date, to: Date): Measurement[] {
  const hour = 3_600_000;
  const count = Math.max(0, Math.ceil((to.getTime() - from.getTime()) / hour));
  return Array.from({ length: count }, (_, index) => {
    const at = new Date(from.getTime() + index * hour);
    return { at, degrees: Math.round(100 * (10 + 8 * Math.sin((at.getUTCHours() * Math.PI) / 12))) / 100 };
  });
}

/** Writes a file so that readers see the old content or the new one, never half of it; also after a crash. */
export async function writeWhole(file: string, text: string): Promise<void> {
  // A name of its own for each attempt, so that a late one cannot write into the file of the next.
  const draft = `${file}.${context().attempt}.draft`;
  await writeFile(draft, text);
  await rename(draft, file);
}

const folder = async (): Promise<string> => {
  // The temporary folder is everybody's: what another user wrote there is not ours to replace.
  const path = (await context().getVariable("basics_folder")) ?? join(tmpdir(), `airloom-basics-${process.getuid?.()}`);
  await mkdir(path, { recursive: true });
  return path;
};

export const extract = task("extract", (from: Date, to: Date) => measurementsBetween(from, to));

// The file is named by the interval, not by the time of writing: a second run of the same day replaces it.
export const load = task("load", { retries: 2, retryDelay: "5s" }, async (from: Date, rows: Measurement[]) => {
  const file = join(await folder(), `${from.toISOString().slice(0, 10)}.json`);
  await writeWhole(file, JSON.stringify(rows));
  return file;
});

export const summarise = task("summarise", async (file: string) => {
  const rows = JSON.parse(await readFile(file, "utf8")) as { degrees: number }[];
  const mean = rows.reduce((sum, { degrees }) => sum + degrees, 0) / Math.max(1, rows.length);
  const days = (await readdir(await folder())).filter((name) => name.endsWith(".json")).length;
  console.log(`${rows.length} measurements, ${mean.toFixed(1)} degrees on average; ${days} days so far`);
  return { rows: rows.length, mean };
});

/**
 * Each run works on one interval of data and can be repeated: the second time gives the same file. Clear a run to see it.
 * A run made by hand works on the newest day that was over at its logical date:
 * `airloom dags trigger basics_incremental --logical-date 2026-01-15` loads the 14th.
 */
export default dag(
  "basics_incremental",
  {
    description: "A day's data per run, written atomically, the same however often it runs",
    tags: ["example", "basics"],
    // With `interval: "data"` a run is due when its day is over, and its logical date is the day's start.
    schedule: cron("0 0 * * *", { interval: "data" }),
    startDate: "2026-01-01",
    maxActiveRuns: 1,
  },
  ({ run }) => {
    summarise(load(run.intervalStart, extract(run.intervalStart, run.intervalEnd)));
  },
);
