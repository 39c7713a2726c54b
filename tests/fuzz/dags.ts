import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FileEvent, ProcessorProcess } from "../hostile/files/processor-process.ts";
import { root } from "../support/built-airloom.ts";
import { mutate } from "./mutate-code.ts";
import { createRandom } from "./random.ts";

export interface DagsBudget {
  readonly seed: number;
  readonly seconds: number;
  /** Ends earlier after so many files. */
  readonly files?: number;
}

export interface DagsFinding {
  readonly what: string;
  /** Which of the seed's files it was, and what stood in it. */
  readonly index: number;
  readonly mutations: readonly string[];
  readonly code: string;
}

export interface DagsReport {
  readonly files: number;
  /** How many came to what: `parsed`, or the kind of the import error. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly findings: readonly DagsFinding[];
  readonly failures: readonly string[];
  readonly memory: { readonly before: number; readonly after: number };
}

const batchSize = 12;
const limits = { fileTimeoutMs: 10_000, memoryLimitMb: 512, settleMs: 40, goneMs: 50, sessionMs: 500 };
/** Wall clock for one batch: each file may use its whole time, one after the other, on a machine that does other things. */
const patienceMs = 120_000;
const mostGrowthMib = 150;

/**
 * Spoils good Dag files and shows them to a real dag-processor: each has to be published, or to be an error with its place.
 * @example await run({ seed: 7, seconds: 60 })
 */
export async function run({ seed, seconds, files = Number.POSITIVE_INFINITY }: DagsBudget): Promise<DagsReport> {
  const deadline = performance.now() + seconds * 1_000;
  const projectDir = realpathSync(mkdtempSync(join(tmpdir(), "airloom-fuzz-dags-")));
  const originals = layOut(projectDir);
  const outcomes: Record<string, number> = {};
  const findings: DagsFinding[] = [];
  try {
    await using processor = await ProcessorProcess.start({ projectDir, settings: limits });
    await processor.until(() => processor.idles > 0, patienceMs);
    const before = processor.memory().now;
    let index = 0;
    while (performance.now() < deadline && index < files && !processor.hasExited) {
      const batch = Array.from({ length: Math.min(batchSize, files - index) }, () => spoilt(originals, seed, index++));
      await tryBatch({ projectDir, processor, batch, outcomes, findings });
    }
    const after = processor.hasExited ? before : processor.memory().now;
    const failures = [
      ...findings.map(({ what, index: at, mutations }) => `file ${at} (${mutations.join(", ")}): ${what}`),
      ...(processor.hasExited ? ["the processor died"] : []),
      ...(processor.stderr.trim() === "" ? [] : [`the processor wrote: ${processor.stderr.slice(0, 500)}`]),
      ...new Set(processor.troubles),
      ...(after - before > mostGrowthMib ? [`the processor grew from ${before} to ${after} MiB`] : []),
    ];
    return { files: index, outcomes, findings, failures, memory: { before, after } };
  } finally {
    rmSync(projectDir, { recursive: true, force: true });
  }
}

interface Spoilt {
  readonly index: number;
  readonly file: string;
  readonly code: string;
  readonly mutations: readonly string[];
}

/** The examples as they are, and a few files for what they lack. @returns the texts of those that are spoilt. */
function layOut(projectDir: string): readonly string[] {
  const examples = join(root, "examples/basics");
  cpSync(join(examples, "dags"), join(projectDir, "dags"), { recursive: true });
  for (const name of ["lib", "queries", "sql"]) {
    if (readdirSync(examples).includes(name)) cpSync(join(examples, name), join(projectDir, name), { recursive: true });
  }
  writeFileSync(join(projectDir, "package.json"), `{"type":"module"}`);
  mkdirSync(join(projectDir, "dags"), { recursive: true });
  return readdirSync(join(projectDir, "dags"))
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => readFileSync(join(projectDir, "dags", name), "utf8"));
}

function spoilt(originals: readonly string[], seed: number, index: number): Spoilt {
  const random = createRandom(seed, "dags", index);
  const { code, mutations } = mutate(random.pick(originals), originals, random);
  return { index, file: `fuzz_${index}.ts`, code, mutations };
}

interface Batch {
  readonly projectDir: string;
  readonly processor: ProcessorProcess;
  readonly batch: readonly Spoilt[];
  readonly outcomes: Record<string, number>;
  readonly findings: DagsFinding[];
}

async function tryBatch({ projectDir, processor, batch, outcomes, findings }: Batch): Promise<void> {
  const place = ({ file }: Spoilt): string => join(projectDir, "dags", file);
  for (const one of batch) writeFileSync(place(one), one.code);
  await processor.until(() => batch.every(({ file }) => processor.said.has(file)), patienceMs);
  for (const one of batch) {
    const said = processor.said.get(one.file);
    const kind = said ? (said.event.kind === "broken" ? said.event.error.kind : "parsed") : "nothing";
    outcomes[kind] = (outcomes[kind] ?? 0) + 1;
    for (const what of complaints(one, said)) {
      findings.push({ what, index: one.index, mutations: one.mutations, code: one.code });
    }
    rmSync(place(one));
    processor.said.delete(one.file);
  }
}

const kinds = [
  "syntax",
  "resolve",
  "read",
  "throw",
  "timeout",
  "memory",
  "exit",
  "spec",
  "duplicate",
  "nondeterministic",
  "limit",
];
/** Found where it stands in the text, so that its line is known. */
const hasLine = ["syntax", "resolve"];

function complaints({ file, code }: Spoilt, said: FileEvent | undefined): readonly string[] {
  if (!said) return ["nothing was said of it"];
  if (said.event.kind === "parsed") return [];
  const { kind, message, location, hint } = said.event.error;
  const [, where = "", line] = /^(.*?)(?::(\d+):\d+)?$/.exec(location ?? "") ?? [];
  return [
    ...(kinds.includes(kind) ? [] : [`its kind is ${kind}`]),
    ...(message.trim() === "" ? ["its message is empty"] : []),
    ...(/\/tmp\/|node_modules\/\.cache|parse-child/.test(message)
      ? [`its message tells of this machine: ${message}`]
      : []),
    ...(where.startsWith("dags/") ? [] : [`its place is ${location}: ${message}`]),
    ...(line === undefined && hasLine.includes(kind) ? [`${kind} without a line: ${message}`] : []),
    ...(line !== undefined && where === `dags/${file}` && Number(line) > code.split("\n").length
      ? [`its line is ${line}`]
      : []),
    ...(line === undefined && hint === null ? [`neither a line nor what to do: ${message}`] : []),
  ];
}
