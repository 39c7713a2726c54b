import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { DagRunRow, TaskInstanceRow } from "@airloom/store";
import type { WorkerSettings } from "@airloom/task-runner";
import { builtFile } from "@airloom/testkit";
import type { CaseReport } from "../case.ts";
import { processesMarked } from "../marked-processes.ts";
import { ProcessOverContract } from "../process-over-contract.ts";
import { ControlHalf } from "./control-half.ts";
import { prelude, type TaskCase } from "./task-case.ts";
import type { WorkerStart } from "./worker-program.ts";

/** How a whole corpus of tasks went. */
export interface TasksReport {
  readonly cases: readonly CaseReport[];
  readonly troubles: readonly string[];
  /** Resident memory of the worker, MiB. */
  readonly memory: { readonly before: number; readonly after: number; readonly peak: number };
  readonly seconds: number;
}

const settings: Partial<WorkerSettings> = {
  claimWaitMs: 1_000,
  drainMs: 10_000,
  abortGraceMs: 200,
  childHeapBytes: 192 * 1024 * 1024,
  logBytesPerAttempt: 1_000_000,
};
const slots = 4;
const patienceMs = 600_000;
/** A value of a hundred megabytes goes through it, and Node keeps what it once had for a while. */
const mostGrowthMib = 250;

/** Runs a corpus as one Dag: all hostile tasks beside as many good ones, in the warm children of one worker. */
export async function runTasks(cases: readonly TaskCase[], tell: (line: string) => void): Promise<TasksReport> {
  const began = performance.now();
  const ran = cases.filter(({ notRun }) => notRun === undefined);
  await using control = new ControlHalf(() => undefined);
  mkdirSync(join(control.projectDir, "dags"));
  writeFileSync(join(control.projectDir, "dags/hostile.ts"), fileOf(ran));
  try {
    await using worker = await WorkerProcess.start(control);
    await worker.until(() => worker.isReady, 30_000);
    const before = worker.memory().now;
    const run = await control.run("hostile.ts", "hostile");
    const bench = new Bench(control, run, worker);
    await bench.untilOver(tell);
    const reports = await Promise.all(cases.map((one) => bench.report(one, ran.indexOf(one))));
    const troubles = await bench.troubles(ran.length);
    const { now, peak } = worker.hasExited ? { now: 0, peak: 0 } : worker.memory();
    if (now - before > mostGrowthMib) troubles.push(`the worker grew from ${before} to ${now} MiB`);
    const seconds = Math.round((performance.now() - began) / 1_000);
    return { cases: reports, troubles, memory: { before, after: now, peak }, seconds };
  } finally {
    rmSync(control.projectDir, { recursive: true, force: true });
  }
}

const idOf = (index: number): string => `case_${index}`;

/** A good task tells what it sees of what others may have left. */
const good = `() => ({
  polluted: (({}) as any).polluted ?? null,
  left: process.env.LEFT ?? null,
  path: process.env.PATH !== undefined,
  umask: process.umask(),
  cwd: process.cwd(),
  leaked: "leaked" in globalThis,
  array: [1, 2].map((n) => n + 1).length,
  text: "abc".slice(1),
  json: JSON.stringify(JSON.parse('{"a":1}')),
  map: new Map([[1, 2]]).get(1),
  clock: Date.now() > 1e12,
  exit: String(process.exit).length > 40,
})`;

function fileOf(cases: readonly TaskCase[]): string {
  const lines = cases.flatMap(({ code, options = "timeout: 20" }, index) => [
    `  task("${idOf(index)}", { retries: 0, ${options.includes("timeout") ? options : `${options}, timeout: 20`} } as never, (${code}) as never)();`,
    `  task("good_${index}", { retries: 0, timeout: 60 }, good)();`,
  ]);
  return `${prelude}const good = ${good};\nexport default dag("hostile", { maxActiveTasks: 16 }, () => {\n${lines.join("\n")}\n});\n`;
}

class WorkerProcess extends ProcessOverContract {
  isReady = false;
  readonly lines: string[] = [];

  static async start(control: ControlHalf): Promise<WorkerProcess> {
    const start: WorkerStart = {
      cacheDir: join(control.projectDir, "cache"),
      projectRoot: control.projectDir,
      childPath: await builtFile("task-child"),
      slots,
      settings,
    };
    const child = await ProcessOverContract.fork("tests/hostile/tasks/worker-program.ts", start);
    const worker: WorkerProcess = new WorkerProcess(child, control.execution, (message) => {
      if (message.kind === "started") worker.isReady = true;
      else worker.lines.push((message as { readonly line?: string }).line ?? "");
    });
    return worker;
  }
}

const isOver = ({ state }: TaskInstanceRow): boolean =>
  ["success", "failed", "skipped", "upstream_failed"].includes(state ?? "");

class Bench {
  readonly #control: ControlHalf;
  readonly #run: DagRunRow;
  readonly #worker: WorkerProcess;
  #instances = new Map<string, TaskInstanceRow>();

  constructor(control: ControlHalf, run: DagRunRow, worker: WorkerProcess) {
    this.#control = control;
    this.#run = run;
    this.#worker = worker;
  }

  async untilOver(tell: (line: string) => void): Promise<void> {
    const deadline = performance.now() + patienceMs;
    for (let told = 0; ; ) {
      const rows = await this.#control.instances(this.#run);
      this.#instances = new Map(rows.map((row) => [row.taskId, row]));
      const over = rows.filter(isOver).length;
      if (over - told >= 40) tell(`${over} of ${rows.length} tasks are over`);
      if (over - told >= 40) told = over;
      if ((over > 0 && over === rows.length) || performance.now() > deadline || this.#worker.hasExited) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async report(one: TaskCase, index: number): Promise<CaseReport> {
    const { name, row } = one;
    if (one.notRun !== undefined) return { name, row, status: "not run", why: [one.notRun], ms: null };
    const instance = this.#instances.get(idOf(index));
    if (!instance) return { name, row, status: "failed", why: ["it is not in the run"], ms: null };
    const why = await this.#complaints(one, instance);
    const { startedAt, endedAt } = instance;
    const ms = startedAt && endedAt ? endedAt.getTime() - startedAt.getTime() : null;
    return { name, row, status: why.length > 0 ? "failed" : "passed", why, ms };
  }

  async #complaints({ expected }: TaskCase, instance: TaskInstanceRow): Promise<readonly string[]> {
    const { state, kind, name, message, hasPlace, signal, exitCode, log, value } = expected;
    const found = await this.#control.failure(instance);
    const lines = (await this.#control.log(instance)).map(({ msg }) => msg);
    const place = found?.location ?? "nowhere";
    return [
      ...(instance.state === state ? [] : [`it is ${instance.state}, not ${state}`]),
      ...(state === "failed" && lines.length === 0 ? ["its log is empty"] : []),
      ...differs("kind", found?.kind, kind),
      ...differs("name", found?.name, name),
      ...differs("signal", found?.signal, signal),
      ...differs("exit code", found?.exitCode, exitCode),
      ...(message && !message.test(found?.message ?? "") ? [`its message does not fit ${message}`] : []),
      ...(hasPlace && !/^dags\/hostile\.ts:\d+:\d+$/.test(place) ? [`its place is ${place}`] : []),
      ...(log && !lines.some((line) => log.test(line)) ? [`no line of its log fits ${log}`] : []),
      ...("value" in expected ? await this.#valueComplaints(instance.taskId, value) : []),
      ...processesMarked(`AIRLOOM_ATTEMPT=${instance.id}:${instance.attempt}\0`).map(
        (pid) => `process ${pid} of it lives`,
      ),
    ].map((words) => (found ? `${words} (${found.kind} ${found.name}: ${found.message.slice(0, 200)})` : words));
  }

  async #valueComplaints(taskId: string, value: unknown): Promise<readonly string[]> {
    const found = await this.#control.value(this.#run, taskId);
    return isDeepStrictEqual(found, value) ? [] : ["its value is not the one it returned"];
  }

  /** What is wrong with anything but the hostile tasks. */
  async troubles(count: number): Promise<string[]> {
    const troubles: string[] = [];
    const seen = new Set<string>();
    for (let index = 0; index < count; index += 1) {
      const instance = this.#instances.get(`good_${index}`);
      if (instance?.state !== "success") {
        const found = instance && (await this.#control.failure(instance));
        troubles.push(`good task ${index} is ${instance?.state}: ${found?.message}`);
      } else seen.add(JSON.stringify(await this.#control.value(this.#run, `good_${index}`)));
    }
    if (seen.size > 1) troubles.push(`good tasks saw different worlds: ${[...seen].join(" | ")}`);
    if (this.#worker.hasExited) troubles.push("the worker died");
    if (this.#worker.stderr.trim() !== "") troubles.push(`the worker wrote: ${this.#worker.stderr.slice(0, 500)}`);
    troubles.push(...this.#worker.lines.filter((line) => line.startsWith("error")));
    return troubles;
  }
}

const differs = (what: string, found: unknown, wanted: unknown): readonly string[] =>
  wanted === undefined || found === wanted ? [] : [`its ${what} is ${found}, not ${wanted}`];
