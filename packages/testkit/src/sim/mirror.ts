import { type DagGraph, graphOf } from "@airloom/core";
import type {
  AttemptRow,
  DagRow,
  DagRunRow,
  DagVersionRow,
  ExecutorRow,
  MemoryDatabase,
  PoolRow,
  StoredExclusion,
  StoredTally,
  StoredXCom,
  TaskInstanceRow,
  WatchedRows,
  WorkerRow,
} from "@airloom/store";

/** A row that a commit changed. */
export interface Change<Row> {
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

/** What one commit changed, of the tables that the invariants speak of. */
export interface Commit {
  /** A user's action made it, not the system. */
  readonly byUser: boolean;
  readonly instances: readonly Change<TaskInstanceRow>[];
  readonly runs: readonly Change<DagRunRow>[];
  readonly attempts: readonly Change<AttemptRow>[];
  readonly dags: readonly Change<DagRow>[];
  readonly versions: readonly Change<DagVersionRow>[];
}

/** All that is committed, kept beside the store from what it tells of its commits. */
export class Mirror {
  readonly instances = new Map<string, TaskInstanceRow>();
  readonly instancesOf = new Map<number, Map<string, TaskInstanceRow>>();
  readonly runs = new Map<number, DagRunRow>();
  readonly attemptsOf = new Map<string, Map<number, AttemptRow>>();
  readonly dags = new Map<string, DagRow>();
  readonly versions = new Map<string, DagVersionRow>();
  readonly pools = new Map<string, PoolRow>([
    ["default_pool", { name: "default_pool", slots: 128, description: null, includeDeferred: false }],
  ]);
  readonly executors = new Map<string, ExecutorRow>([
    ["local", { name: "local", parallelism: 32 }],
    ["sequential", { name: "sequential", parallelism: 1 }],
  ]);
  readonly workers = new Map<string, WorkerRow>();
  readonly talliesOf = new Map<number, Map<string, StoredTally>>();
  readonly exclusionsOf = new Map<number, Map<string, StoredExclusion>>();
  readonly xcomsOf = new Map<number, Map<string, StoredXCom>>();
  readonly wakeups = new Set<number>();
  /** What was set aside last, and why. */
  quarantined: string | null = null;
  readonly #graphs = new Map<string, DagGraph>();
  #changes = noChanges();
  #isTouched = false;

  constructor(database: MemoryDatabase) {
    this.#keep(database, "pools", { rows: this.pools, keyOf: (row) => row.name });
    this.#keep(database, "executors", { rows: this.executors, keyOf: (row) => row.name });
    this.#keep(database, "workers", { rows: this.workers, keyOf: (row) => row.workerId });
    this.#keep(database, "dags", { rows: this.dags, keyOf: (row) => row.dagId });
    this.#keep(database, "versions", { rows: this.versions, keyOf: (row) => row.id });
    this.#keep(database, "runs", { rows: this.runs, keyOf: (row) => row.id });
    this.#keepIn(database, "tallies", { rows: this.talliesOf, keysOf: (row) => [row.runKey, row.taskId] });
    this.#keepIn(database, "exclusions", { rows: this.exclusionsOf, keysOf: (row) => [row.runKey, row.taskId] });
    this.#keepIn(database, "xcoms", {
      rows: this.xcomsOf,
      keysOf: (row) => [row.runKey, `${row.taskId} ${row.mapIndex} ${row.key}`],
    });
    this.#keepIn(database, "attempts", { rows: this.attemptsOf, keysOf: (row) => [row.taskInstanceId, row.attempt] });
    database.watch("wakeups", (_, after) => {
      if (after) this.wakeups.add(after.id);
    });
    database.watch("quarantine", (_, after) => {
      if (after) this.quarantined = `${after.dagId} run ${after.runKey}: ${after.reason}`;
    });
    database.watch("taskInstances", (before, after) => {
      this.#touch("instances", before, after);
      const row = after ?? before;
      if (!row) return;
      const ofRun = this.instancesOf.get(row.runKey) ?? new Map<string, TaskInstanceRow>();
      this.instancesOf.set(row.runKey, ofRun);
      for (const rows of [this.instances, ofRun]) {
        if (after) rows.set(row.id, after);
        else rows.delete(row.id);
      }
    });
  }

  graphOf(versionId: string): DagGraph | undefined {
    const known = this.#graphs.get(versionId);
    if (known) return known;
    const version = this.versions.get(versionId);
    if (!version) return undefined;
    const graph = graphOf(version.spec);
    this.#graphs.set(versionId, graph);
    return graph;
  }

  instancesOfRun(runKey: number): readonly TaskInstanceRow[] {
    return [...(this.instancesOf.get(runKey)?.values() ?? [])];
  }

  /** What changed since the last time; null when nothing did. */
  takeCommit(byUser: boolean): Commit | null {
    if (!this.#isTouched) return null;
    const commit = { ...this.#changes, byUser };
    this.#changes = noChanges();
    this.#isTouched = false;
    return commit;
  }

  #keep<Name extends keyof WatchedRows, Key>(
    database: MemoryDatabase,
    name: Name,
    { rows, keyOf }: { readonly rows: Map<Key, WatchedRows[Name]>; readonly keyOf: (row: WatchedRows[Name]) => Key },
  ): void {
    database.watch(name, (before, after) => {
      if (after) rows.set(keyOf(after), after);
      else if (before) rows.delete(keyOf(before));
      this.#touch(name, before, after);
    });
  }

  #keepIn<Name extends keyof WatchedRows, Outer, Inner>(
    database: MemoryDatabase,
    name: Name,
    {
      rows,
      keysOf,
    }: {
      readonly rows: Map<Outer, Map<Inner, WatchedRows[Name]>>;
      readonly keysOf: (row: WatchedRows[Name]) => [Outer, Inner];
    },
  ): void {
    database.watch(name, (before, after) => {
      const row = after ?? before;
      if (!row) return;
      const [outer, inner] = keysOf(row);
      const ofOuter = rows.get(outer) ?? new Map<Inner, WatchedRows[Name]>();
      rows.set(outer, ofOuter);
      if (after) ofOuter.set(inner, after);
      else ofOuter.delete(inner);
      this.#touch(name, before, after);
    });
  }

  #touch(name: string, before: unknown, after: unknown): void {
    this.#isTouched = true;
    const list = (this.#changes as unknown as Record<string, unknown[] | undefined>)[name];
    list?.push({ before, after });
  }
}

const noChanges = () => ({
  instances: [] as Change<TaskInstanceRow>[],
  runs: [] as Change<DagRunRow>[],
  attempts: [] as Change<AttemptRow>[],
  dags: [] as Change<DagRow>[],
  versions: [] as Change<DagVersionRow>[],
});
