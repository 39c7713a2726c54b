/**
 * `npm run planted -- [--kind sql|sim] [--only ID]… [--json FILE]`: plants one bug at a time and expects the harness to notice it.
 * The checkout is not touched: the bug is in the bundle alone. A list (tests/planted/<kind>.mjs) says which text of which file is
 * replaced; each program is run without a bug first, and must find nothing then. Exit code 1 when a bug was not noticed.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { plantIn } from "./plant-bug.mjs";
import { bundleProgram } from "./run-program.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = join(root, "node_modules/.cache/airloom-planted");

/** What is run for each kind of bug, how long it may take, and how its answer is read. */
const programs = {
  sql: {
    entry: "tests/histories/main.ts",
    /** One history after another: together they live less than a minute, whatever starting them takes on a busy machine. */
    rounds: [1, 2, 3].map((seed) => ["--seed", String(seed), "--seconds", "14"]),
    secondsPerRound: 180,
    clean: [["--seed", "1", "--seconds", "15"]],
    found: ({ anomalies }) => anomalies.map(({ check, what }) => `${check}: ${what}`),
    words: ({ seconds, round }) => `${seconds} s, seed ${round}`,
  },
  sim: {
    entry: "packages/testkit/src/sim/main.ts",
    rounds: [["--seeds", "10000", "--from", "1", "--until-failure", "--json", "-"]],
    secondsPerRound: 1_200,
    clean: [["--seeds", "200", "--from", "1", "--json", "-"]],
    found: ({ failures }) => failures.map(({ seed, words }) => `seed ${seed}: ${words}`),
    words: ({ seconds, answer }) => `${answer.seeds} seeds, ${seconds} s`,
  },
};

const { values } = parseArgs({
  options: { kind: { type: "string" }, only: { type: "string", multiple: true }, json: { type: "string" } },
});

/** The bundle of a program, with the bug or without one. */
async function bundle(kind, bug) {
  mkdirSync(outdir, { recursive: true });
  const outfile = join(outdir, `${bug?.id ?? `${kind}-clean`}-${process.pid}.mjs`);
  await bundleProgram(programs[kind].entry, outfile, { plugins: bug ? [plantingPlugin(bug)] : [] });
  return outfile;
}

/** Replaces the text in the one file while it is read. */
function plantingPlugin(bug) {
  let planted = false;
  return {
    name: "planted bug",
    setup(at) {
      at.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (path !== join(root, bug.file)) return undefined;
        planted = true;
        return { contents: plantIn(await readFile(path, "utf8"), bug), loader: "ts" };
      });
      at.onEnd(() => {
        if (!planted) throw new Error(`${bug.id}: ${bug.file} is not part of the program`);
      });
    },
  };
}

/** Runs a bundle; its answer is the JSON on standard output. Null when it took too long. */
function run(file, args, seconds) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let [out, words] = ["", ""];
    child.stdout.on("data", (bytes) => (out += bytes));
    child.stderr.on("data", (bytes) => (words = (words + bytes).slice(-4_000)));
    // A program that a bug makes hang is told to end, so that its database server ends with it.
    const timer = setTimeout(() => child.kill("SIGTERM"), seconds * 1_000);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (signal !== null) return resolve(null);
      if (code !== 0 && code !== 1) return reject(new Error(`${file} ended with ${code}:\n${words}`));
      try {
        resolve({ code, ...JSON.parse(out) });
      } catch {
        reject(new Error(`${file} ended with ${code} and no answer:\n${words}`));
      }
    });
  });
}

const secondsSince = (began) => Number(((performance.now() - began) / 1_000).toFixed(1));

/** What was noticed first, and when; null when nothing was in time. */
async function hunt(kind, bug) {
  const program = programs[kind];
  const file = await bundle(kind, bug);
  const began = performance.now();
  try {
    for (const [index, args] of program.rounds.entries()) {
      const answer = await run(file, args, program.secondsPerRound);
      const seconds = secondsSince(began);
      const found = answer === null ? [] : program.found(answer);
      const round = index + 1;
      if (found.length > 0)
        return {
          seconds,
          round,
          found: found.length,
          message: found[0],
          after: program.words({ seconds, round, answer }),
        };
    }
    return null;
  } finally {
    rmSync(file, { force: true });
  }
}

/** The harness must be silent where there is nothing to notice. */
async function proveClean(kind) {
  const program = programs[kind];
  const file = await bundle(kind, null);
  try {
    for (const args of program.clean) {
      const answer = await run(file, args, 600);
      const found = answer === null ? ["it took too long"] : program.found(answer);
      if (found.length > 0) throw new Error(`without a planted bug the ${kind} program finds: ${found[0]}`);
    }
  } finally {
    rmSync(file, { force: true });
  }
}

async function main() {
  const rows = [];
  for (const kind of values.kind ? [values.kind] : Object.keys(programs)) {
    const list = join(root, `tests/planted/${kind}.mjs`);
    if (!programs[kind] || !existsSync(list)) {
      console.error(`${kind}: not run: there is no tests/planted/${kind}.mjs`);
      continue;
    }
    const { planted } = await import(pathToFileURL(list).href);
    const wanted = planted.filter(({ id }) => !values.only || values.only.includes(id));
    if (wanted.length === 0) continue;
    await proveClean(kind);
    console.error(`${kind}: nothing found without a bug`);
    for (const bug of wanted) {
      const caught = await hunt(kind, bug);
      rows.push({ kind, id: bug.id, why: bug.why, caught: caught !== null, ...caught });
      const line = caught ? `caught after ${caught.after}: ${caught.message.slice(0, 160)}` : "NOT CAUGHT";
      console.error(`${kind} ${bug.id}: ${line}`);
    }
  }
  const missed = rows.filter(({ caught }) => !caught);
  console.error(`${rows.length - missed.length} of ${rows.length} planted bugs caught`);
  const answer = JSON.stringify({ planted: rows.length, caught: rows.length - missed.length, rows }, null, 2);
  if (values.json) writeFileSync(values.json, `${answer}\n`);
  else console.log(answer);
  process.exitCode = missed.length > 0 || rows.length === 0 ? 1 : 0;
}

await main();
