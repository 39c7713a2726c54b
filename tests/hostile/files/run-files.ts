import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ProcessorSettings } from "@airloom/dag-processor";
import { until } from "../../support/until.ts";
import type { CaseReport, DagFileCase } from "../case.ts";
import { processesMarked } from "../marked-processes.ts";
import { DagsFolder, keptId, type PlacedCase, placed } from "./dags-folder.ts";
import { ProcessorProcess } from "./processor-process.ts";
import { complaints } from "./verdict.ts";

/** How a whole corpus of Dag files went. */
export interface FilesReport {
  readonly cases: readonly CaseReport[];
  /** What was wrong with something other than one case: neighbours, the processor itself. */
  readonly troubles: readonly string[];
  /** Resident memory of the processor, MiB. */
  readonly memory: { readonly before: number; readonly after: number; readonly peak: number };
  readonly seconds: number;
}

export interface FilesRun {
  readonly cases: readonly DagFileCase[];
  readonly limits: "short" | "published";
  readonly tell: (line: string) => void;
}

/** Quick to look at, and to give up. */
const quick = { settleMs: 60, goneMs: 100, sessionMs: 200, refreshMs: 4_000 };
const limitsOf: Readonly<Record<FilesRun["limits"], Partial<ProcessorSettings>>> = {
  short: {
    ...quick,
    fileTimeoutMs: 5_000,
    memoryLimitMb: 512,
    maxFileBytes: 1_000_000,
    maxPartBytes: 2_000_000,
    maxDagsPerFile: 20,
    maxSpecBytes: 200_000,
  },
  published: quick,
};

const neighbours = Array.from({ length: 12 }, (_, index) => `good_${index}`);
const waveSize = 8;
/** Row 36: an author sees the error that soon. What takes its own time, such as an endless loop, may take that besides. */
const promisedMs = 5_000;
const patienceMs = 400_000;
/** The processor may grow by that much over a whole corpus: warm code, not what files brought. */
const mostGrowthMib = 150;

/**
 * Runs a corpus through a real dag-processor, twice: all files at once in a folder that nobody knows yet; then each in the place of a
 * good version, a few at a time, between neighbours that are edited meanwhile.
 */
export async function runFiles({ cases, limits, tell }: FilesRun): Promise<FilesReport> {
  const began = performance.now();
  using folder = new DagsFolder();
  const bench = new Bench(folder, placed(cases), limitsOf[limits]);
  await bench.atOnce();
  for (const line of bench.complaints()) tell(line);
  await bench.replacing((done, slowest) => tell(`replaced: ${done} of ${cases.length}; ${slowest}`));
  await bench.checkSurvivors();
  return { ...bench.report(), seconds: Math.round((performance.now() - began) / 1_000) };
}

class Bench {
  readonly #folder: DagsFolder;
  readonly #cases: readonly PlacedCase[];
  readonly #settings: Partial<ProcessorSettings>;
  readonly #why = new Map<PlacedCase, string[]>();
  readonly #notRun = new Map<PlacedCase, string>();
  readonly #ms = new Map<PlacedCase, number>();
  readonly #troubles: string[] = [];
  #memory = { before: 0, after: 0, peak: 0 };
  #edition = 1;
  readonly #pids: number[] = [];

  constructor(folder: DagsFolder, cases: readonly PlacedCase[], settings: Partial<ProcessorSettings>) {
    this.#folder = folder;
    this.#cases = cases;
    this.#settings = settings;
  }

  /** Everything is there when the processor starts. */
  async atOnce(): Promise<void> {
    this.#writeNeighbours();
    for (const one of this.#cases) this.#place(one);
    await using processor = await this.#start();
    this.#pids.push(processor.pid);
    const isQuiet = await processor.until(() => processor.idles > 0, patienceMs);
    if (!isQuiet) this.#troubles.push("at once: the processor did not come to rest");
    await this.#checkNeighbours(processor, "at once");
    for (const one of this.#cases) this.#judge(one, processor, "at once");
    this.#checkProcessor(processor, "at once");
  }

  /** Each in the place of a good version of its own. */
  async replacing(tell: (done: number, slowest: string) => void): Promise<void> {
    for (const one of this.#cases) this.#folder.writeGood(one);
    await using processor = await this.#start();
    this.#pids.push(processor.pid);
    await processor.until(() => processor.idles > 0, patienceMs);
    for (const { file } of this.#cases) {
      if (processor.said.get(file)?.event.kind !== "parsed")
        this.#troubles.push(`${file}: its good version did not load`);
    }
    const before = processor.memory().now;
    for (let done = 0; done < this.#cases.length && !processor.hasExited; done += waveSize) {
      const wave = this.#cases.slice(done, done + waveSize);
      const began = performance.now();
      await this.#wave(processor, wave);
      tell(Math.min(done + waveSize, this.#cases.length), this.#slowestOf(wave, performance.now() - began));
    }
    if (!processor.hasExited) {
      const { now, peak } = processor.memory();
      this.#memory = { before, after: now, peak };
      if (now - before > mostGrowthMib) this.#troubles.push(`the processor grew from ${before} to ${now} MiB`);
    }
    this.#checkProcessor(processor, "replacing");
  }

  async #wave(processor: ProcessorProcess, wave: readonly PlacedCase[]): Promise<void> {
    const slowness = await slownessNow();
    const idles = processor.idles;
    for (const { file } of wave) processor.said.delete(file);
    const writtenAt = performance.now();
    const there = wave.filter((one) => this.#place(one));
    this.#writeNeighbours();
    const awaited = there.filter(({ of }) => !("ignored" in of.expected)).map(({ file }) => file);
    await processor.until(() => awaited.every((file) => processor.said.has(file)), patienceMs);
    await processor.until(() => processor.idles > idles, patienceMs);
    const slow = Math.max(slowness, await slownessNow());
    for (const one of there) {
      const at = processor.said.get(one.file)?.at;
      if (at !== undefined) this.#time(one, at - writtenAt, slow);
      this.#judge(one, processor, "replaced");
      await this.#checkKept(one, processor);
    }
    await this.#checkNeighbours(processor, "replacing");
  }

  #time(one: PlacedCase, ms: number, slowness: number): void {
    this.#ms.set(one, Math.round(ms));
    const { expected } = one.of;
    const own = "kind" in expected && expected.kind === "timeout" ? (this.#settings.fileTimeoutMs ?? 30_000) : 0;
    const most = own + promisedMs * slowness;
    if (!one.of.isHeavy && ms > most)
      this.#complain(one, `it took ${Math.round(ms)} ms; at most ${Math.round(most)} are promised`);
  }

  /** The last good version stays whatever comes after it. */
  async #checkKept({ of, slug, ...one }: PlacedCase, { control }: ProcessorProcess): Promise<void> {
    if (!("kind" in of.expected)) return;
    const dag = await control.store.tx((tx) => tx.findDag(keptId(slug)));
    if (!dag || dag.isStale) this.#complain({ of, slug, ...one }, "the last good version did not stay");
  }

  async #checkNeighbours({ control, said }: ProcessorProcess, when: string): Promise<void> {
    for (const name of neighbours) {
      const dag = await control.store.tx((tx) => tx.findDag(name));
      const version = dag && (await control.store.tx((tx) => tx.findVersion(dag.versionId)));
      const task = version?.spec.tasks[0]?.id;
      if (dag?.isStale === false && task === `edition_${this.#edition}`) continue;
      const event = said.get(`${name}.ts`)?.event;
      const words = event?.kind === "broken" ? event.error.message : `it has ${task}, not edition_${this.#edition}`;
      this.#troubles.push(`${when}: neighbour ${name} is not published: ${words}`);
    }
  }

  #checkProcessor(processor: ProcessorProcess, when: string): void {
    if (processor.hasExited) this.#troubles.push(`${when}: the processor died`);
    const words = processor.stderr.trim();
    if (words !== "") this.#troubles.push(`${when}: the processor wrote to its standard error: ${words.slice(0, 500)}`);
    for (const trouble of new Set(processor.troubles)) this.#troubles.push(`${when}: ${trouble.slice(0, 500)}`);
  }

  #judge(one: PlacedCase, processor: ProcessorProcess, when: string): void {
    if (this.#notRun.has(one)) return;
    for (const words of complaints(one, processor.said.get(one.file))) this.#complain(one, `${when}: ${words}`);
  }

  #complain(one: PlacedCase, words: string): void {
    this.#why.set(one, [...(this.#why.get(one) ?? []), words]);
  }

  /** @returns whether the case is there. */
  #place(one: PlacedCase): boolean {
    const reason = this.#folder.writeHostile(one);
    if (reason !== null) this.#notRun.set(one, reason);
    return reason === null;
  }

  #writeNeighbours(): void {
    this.#edition += 1;
    for (const name of neighbours) this.#folder.writeNeighbour(name, this.#edition);
  }

  #start(): Promise<ProcessorProcess> {
    return ProcessorProcess.start({ projectDir: this.#folder.projectDir, settings: this.#settings });
  }

  #slowestOf(wave: readonly PlacedCase[], ms: number): string {
    const [slowest] = [...wave].sort((a, b) => (this.#ms.get(b) ?? 0) - (this.#ms.get(a) ?? 0));
    return `${Math.round(ms)} ms, longest ${slowest?.of.name}: ${slowest && this.#ms.get(slowest)} ms`;
  }

  /** Both processors have stopped: what a file started is killed, and gone as soon as the system gets to it. */
  async checkSurvivors(): Promise<void> {
    for (const pid of this.#pids) {
      const left = (): readonly number[] => processesMarked(`AIRLOOM_PARSE_CHILD=${pid}:`);
      const isGone = until("nothing that a file started lives", () => left().length === 0, { within: 5_000 });
      await isGone.catch(() => this.#troubles.push(`processes that files started live on: ${left().join(", ")}`));
    }
  }

  /** So far, one line each. */
  complaints(): readonly string[] {
    const lines = [...this.#why].map(([{ of }, words]) => `${of.name}: ${words.join("; ")}`);
    return [...lines, ...this.#troubles, `${this.#cases.length} files, ${this.#why.size} not as they should be`];
  }

  report(): Omit<FilesReport, "seconds"> {
    const cases = this.#cases.map((one): CaseReport => {
      const { name, row } = one.of;
      const reason = this.#notRun.get(one);
      const why = reason === undefined ? (this.#why.get(one) ?? []) : [reason];
      const status = reason === undefined ? (why.length > 0 ? "failed" : "passed") : "not run";
      return { name, row, status, why, ms: this.#ms.get(one) ?? null };
    });
    return { cases, troubles: this.#troubles, memory: this.#memory };
  }
}

const idleStartMs = 50;

/** How many times slower than idle this machine is at present, by the start of a bare Node. */
async function slownessNow(): Promise<number> {
  const began = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
  return Math.max(1, (performance.now() - began) / idleStartMs);
}
