import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Service } from "@airloom/core";
import { parseOnce } from "@airloom/dag-processor";
import { createScheduler } from "@airloom/scheduler";
import { createMemoryStore, type DagRunRow, type LogRow, type Store, type TaskInstanceRow } from "@airloom/store";
import { builtFile, executionOver, type RunsUnderTest, realTimers, trigger } from "@airloom/testkit";
import { decodeValue, type ExecutionContract, type FailureReport } from "@airloom/wire";

/** The control plane of one worker: the real runs and loops over a store in memory. */
export class ControlHalf implements AsyncDisposable {
  readonly store: Store;
  readonly execution: ExecutionContract;
  readonly projectDir = realpathSync(mkdtempSync(join(tmpdir(), "airloom-tasks-")));
  readonly #runs: RunsUnderTest;
  readonly #scheduler: Service;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.store = createMemoryStore({ clock: { now: () => new Date() } });
    const made = executionOver(this.store, {
      // Three heartbeats fit into a lease that is short enough for a test.
      terms: { heartbeatMs: 300, leaseMs: 2_000, marginMs: 600, killGraceMs: 500 },
      maxLogBytesPerAttempt: 20_000_000,
    });
    this.execution = made.execution;
    this.#runs = made.runs;
    this.#changed = changed;
    this.#scheduler = createScheduler({
      ...made.runs.deps,
      timers: realTimers,
      identity: { id: randomUUID(), hostname: "test", pid: process.pid },
      log: () => undefined,
      schedule: { pollMs: 200, rescueMs: 300, heartbeatMs: 5_000 },
    });
  }

  /** Publishes a file as a dag-processor does, and starts a run of its Dag. */
  async run(file: string, dagId: string): Promise<DagRunRow> {
    await this.#scheduler.start();
    const { report, folder } = await parseOnce({
      projectDir: this.projectDir,
      dagsFolder: "dags",
      cacheDir: join(this.projectDir, "cache"),
      childPath: await builtFile("parse-child"),
      file,
    });
    if (report.kind === "broken" || folder === null) throw new Error(`${JSON.stringify(report)}`);
    const parts = report.artifact.parts;
    for (const hash of await this.execution.missingParts(parts.map((part) => part.hash))) {
      const part = parts.find((one) => one.hash === hash);
      await this.execution.putPart(hash, readFileSync(join(folder, part?.path ?? "")));
    }
    await this.execution.publish(report);
    const dag = await this.store.tx((tx) => tx.findDag(dagId));
    if (!dag) throw new Error(`no Dag ${dagId}`);
    const run = await trigger(this.#runs, dag);
    this.#changed();
    return run;
  }

  instances({ id: runKey }: DagRunRow): Promise<readonly TaskInstanceRow[]> {
    return this.store.tx((tx) => tx.listTaskInstances({ runKey }));
  }

  /** Why its last attempt failed. */
  async failure({ id }: TaskInstanceRow): Promise<FailureReport | null> {
    const attempts = await this.store.tx((tx) => tx.listAttempts(id));
    return (attempts.at(-1)?.failure ?? null) as FailureReport | null;
  }

  log({ id, attempt }: TaskInstanceRow): Promise<readonly LogRow[]> {
    return this.store.tx((tx) => tx.listLogs({ taskInstanceId: id, attempts: [attempt], limit: 1_000_000 }));
  }

  /** What it returned. */
  async value({ id: runKey }: DagRunRow, taskId: string): Promise<unknown> {
    const row = await this.store.tx((tx) => tx.findXCom({ runKey, taskId, mapIndex: -1, key: "return_value" }));
    return row?.value ? decodeValue(row.value) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scheduler.stop("the test is over");
  }
}
