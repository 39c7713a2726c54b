import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { sometimes } from "./counters.ts";
import { runSeed } from "./run-seed.ts";
import { addBatches, type BatchResult, type Failure, runSeeds, type SeedRange } from "./run-seeds.ts";
import { shrink } from "./shrink.ts";

/** So many seeds are enough for everything to have happened once. */
const enoughSeeds = 500;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "500" },
    from: { type: "string", default: "1" },
    stride: { type: "string", default: "1" },
    jobs: { type: "string", default: "1" },
    without: { type: "string", default: "" },
    seconds: { type: "string", default: "1000000" },
    json: { type: "string" },
    trace: { type: "boolean", default: false },
    shrink: { type: "boolean", default: false },
    "until-failure": { type: "boolean", default: false },
  },
});
const without = values.without === "" ? [] : values.without.split(",");
const from = Number(values.from);
const toHuman = values.json === "-" ? console.error : console.log;

/** One seed, in detail. */
async function lookAt(seed: number): Promise<number> {
  const left = values.shrink ? await shrink(seed, without, toHuman) : without;
  const result = await runSeed(seed, { without: left, keepsTrace: values.trace });
  for (const line of result.trace) toHuman(line);
  toHuman(`seed ${seed}: ${result.failure ?? "all held"} (${result.steps} steps, trace ${result.hash})`);
  toHuman(commandFor(seed, left));
  return result.failure === null ? 0 : 1;
}

function rangeOf(at: number, jobs: number): SeedRange {
  const seeds = Number(values.seeds) - at;
  const onFailure = ({ seed, words }: Failure): void => console.error(`seed ${seed}: ${words.split("\n", 1)[0]}`);
  const seconds = Number(values.seconds);
  const onProgress = (seed: number): void => console.error(`… seed ${seed}`);
  return {
    from: from + at,
    seeds,
    stride: jobs,
    without,
    untilFailure: values["until-failure"],
    seconds,
    onFailure,
    onProgress,
  };
}

async function answerParent(): Promise<void> {
  const batch = await runSeeds({ ...rangeOf(0, 1), stride: Number(values.stride) });
  await new Promise<void>((resolve) => process.send?.(batch, () => resolve()));
  process.disconnect();
}

async function runAll(): Promise<number> {
  const jobs = Number(values.jobs);
  const began = performance.now();
  const batches = jobs > 1 ? await inChildren(jobs) : [await runSeeds(rangeOf(0, 1))];
  const batch = addBatches(batches);
  const seconds = (performance.now() - began) / 1_000;
  return report(batch, seconds, jobs);
}

/** Each takes every so manieth seed, so that all are done at about the same time. */
function inChildren(jobs: number): Promise<readonly BatchResult[]> {
  const children = Array.from({ length: jobs }, (_, at) => {
    const { from: first, seeds } = rangeOf(at, jobs);
    const more = values["until-failure"] ? ["--until-failure"] : [];
    const words = [
      "--from",
      String(first),
      "--seeds",
      String(seeds),
      "--stride",
      String(jobs),
      "--seconds",
      values.seconds,
      "--without",
      values.without,
    ];
    return new Promise<BatchResult>((resolve, reject) => {
      const child = fork(process.argv[1] ?? "", [...words, ...more]);
      child.once("message", (batch) => resolve(batch as BatchResult));
      child.once("exit", (code) => reject(new Error(`a job of the simulator ended with ${code} and no result`)));
    });
  });
  return Promise.all(children);
}

const commandFor = (seed: number, left: readonly string[]): string =>
  `repeat it: npm run sim -- --from ${seed} --trace${left.length > 0 ? ` --without ${left.join(",")}` : ""}`;

function report(batch: BatchResult, seconds: number, jobs: number): number {
  const never = sometimes.filter((name) => batch.counts[name] === 0);
  const isTame = batch.seeds >= enoughSeeds && never.length > 0 && without.length === 0;
  const facts = {
    seeds: batch.seeds,
    jobs,
    seconds: Number(seconds.toFixed(1)),
    seedsPerSecond: Number((batch.seeds / seconds).toFixed(1)),
    steps: batch.steps,
    virtualHours: Number((batch.virtualMs / 3_600_000).toFixed(2)),
    executions: batch.executions,
    repeated: batch.repeated,
    failures: batch.failures,
    never,
    counts: batch.counts,
  };
  for (const name of sometimes) toHuman(`${String(batch.counts[name]).padStart(9)}  ${name}`);
  for (const { seed, words } of batch.failures)
    toHuman(`\nseed ${seed} failed: ${words}\n${commandFor(seed, without)}`);
  if (never.length > 0) toHuman(`\nnever happened: ${never.join("; ")}`);
  toHuman(
    `\n${batch.seeds} seeds (${batch.repeated} of them twice) in ${facts.seconds} s: ${facts.seedsPerSecond} a second; ` +
      `${batch.steps} steps, ${batch.executions} executions, ${facts.virtualHours} virtual hours; ${batch.failures.length} failed`,
  );
  if (values.json === "-") console.log(JSON.stringify(facts));
  else if (values.json) writeFileSync(values.json, `${JSON.stringify(facts, null, 2)}\n`);
  return batch.failures.length > 0 || isTame ? 1 : 0;
}

if (values.trace || values.shrink) process.exitCode = await lookAt(from);
else if (process.send) await answerParent();
else process.exitCode = await runAll();
