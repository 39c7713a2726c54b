/**
 * What parsing costs, without a database: 1,000 Dag files never seen before until the last is published, one edit among them
 * until it is published, a start when nothing changed, and the processor time of doing nothing. The control plane is in memory.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDagProcessor, type ProcessorEvent } from "@airloom/dag-processor";
import { memoryExecution } from "@airloom/testkit/bench";

const count = Number(process.argv[2] ?? 1_000);
const childPath = join(process.cwd(), "packages/airloom/dist/parse-child.mjs");
if (!existsSync(childPath)) throw new Error("run `npm run build` first");
const ticksPerSecond = 100;

/** About 4 KB, ten tasks, a helper and zod. */
const source = (index: number, mark: string): string => `
import { dag, task } from "airloom";
import { z } from "zod";
import { shared } from "../lib/shared";
${Array.from(
  { length: 8 },
  (_, i) => `const step${i} = task("step_${i}", { retries: ${i} }, async (value: number): Promise<number> => {
  // ${"words about what this step does, as people write them; ".repeat(5)}
  return shared(value) + ${i};
});`,
).join("\n")}
const first = task("first", (region: string) => region.length);
export default dag("dag_${index}", {
  schedule: "@daily", startDate: "2026-01-01", tags: ["${mark}"],
  params: z.object({ region: z.enum(["eu", "us"]).default("eu") }),
}, ({ params }) => { let value = first(params.region); ${Array.from({ length: 8 }, (_, i) => `value = step${i}(value);`).join(" ")} });
`;

const projectDir = mkdtempSync(join(tmpdir(), "airloom-bench-"));
const path = (index: number): string => join(projectDir, `dags/team_${index % 20}`, `dag_${index}.ts`);
for (let index = 0; index < count; index += 1) {
  mkdirSync(join(path(index), ".."), { recursive: true });
  writeFileSync(path(index), source(index, "first").replace("../lib", "../../lib"));
}
mkdirSync(join(projectDir, "lib"));
writeFileSync(join(projectDir, "lib/shared.ts"), "export const shared = (value: number): number => value * 2;\n");
writeFileSync(join(projectDir, "package.json"), `{"type":"module"}`);

const { execution } = memoryExecution();
const tell: { on: (event: ProcessorEvent) => void } = { on: () => undefined };
const until = (fits: (event: ProcessorEvent) => boolean): Promise<void> =>
  new Promise((resolve) => {
    tell.on = (event) => {
      if (event.kind === "broken" || event.kind === "trouble") console.error(event);
      if (fits(event)) resolve();
    };
  });

const make = () =>
  createDagProcessor({
    contract: execution,
    projectDir,
    dagsFolder: "dags",
    cacheDir: join(projectDir, ".airloom/cache"),
    childPath,
    timers: {
      after(ms, callback) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
    log: (event) => tell.on(event),
  });

/** Seconds of processor time of this process and its children, those that ended too. */
function cpuSeconds(): number {
  const own = statOf("self");
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(statOf)
    .filter((stat) => stat?.[1] === String(process.pid));
  const ticks = (stat: readonly string[] | null, fields: readonly number[]): number =>
    fields.reduce((sum, field) => sum + Number(stat?.[field] ?? 0), 0);
  return (
    (ticks(own, [11, 12, 13, 14]) + children.reduce((sum, stat) => sum + ticks(stat, [11, 12]), 0)) / ticksPerSecond
  );
}

/** Fields after the name: state, parent, … */
function statOf(pid: string): readonly string[] | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
  } catch {
    return null;
  }
}

async function timed(work: () => Promise<unknown>): Promise<{ seconds: number; cpu: number }> {
  const [began, cpu] = [performance.now(), cpuSeconds()];
  await work();
  return { seconds: (performance.now() - began) / 1_000, cpu: cpuSeconds() - cpu };
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
const figures: object[] = [];
const figure = (name: string, { seconds, cpu }: { seconds: number; cpu: number }): void => {
  figures.push({ name, seconds: rounded(seconds), cpuSeconds: rounded(cpu) });
};

let processor = make();
try {
  const idle = (event: ProcessorEvent): boolean => event.kind === "idle";
  const started = async () => {
    const done = until(idle);
    await processor.start();
    await done;
  };
  figure(`${count} files, cold`, await timed(started));
  const edits: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const index = (round * 37) % count;
    const done = until((event) => event.kind === "parsed" && event.published.includes(`dag_${index}`));
    const began = performance.now();
    writeFileSync(path(index), source(index, `edit ${round}`).replace("../lib", "../../lib"));
    await done;
    edits.push(performance.now() - began);
  }
  edits.sort((a, b) => a - b);
  figures.push({
    name: "one edit → published",
    repeats: edits.length,
    p50Ms: rounded(edits[10] ?? 0),
    maxMs: rounded(edits[19] ?? 0),
  });
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20_000));
  await pause();
  const { seconds, cpu } = await timed(pause);
  figures.push({
    name: "idle",
    cpuPercent: rounded((100 * cpu) / seconds),
    rssMb: Math.round(process.memoryUsage.rss() / 1e6),
  });
  await processor.stop("restart");
  processor = make();
  figure("a start when nothing changed", await timed(started));
} finally {
  await processor.stop("done");
  rmSync(projectDir, { recursive: true, force: true });
}
console.log(JSON.stringify({ bench: "parse", files: count, node: process.version, figures }, null, 2));
