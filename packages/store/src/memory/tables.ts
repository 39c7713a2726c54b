import type { Json } from "@airloom/core";
import type { DagFileRow, ImportErrorRow, NewArtifact } from "../definition-verbs.ts";
import type { QuarantineRow } from "../quarantine-verbs.ts";
import type {
  AttemptRow,
  DagRow,
  DagRunRow,
  DagVersionRow,
  EventRow,
  ExecutorRow,
  PoolRow,
  ServiceRow,
  TallyRow,
  TaskInstanceRow,
  WorkerRow,
  XComRow,
} from "../rows.ts";
import type { ConnectionRow, LogRow, SecretRow, UserRow } from "../value-verbs.ts";
import type { RowHolder } from "./row-lock.ts";
import { type Key, type RowListener, Table } from "./table.ts";

export interface StoredTally extends TallyRow {
  readonly runKey: number;
}

export interface StoredExclusion {
  readonly runKey: number;
  readonly taskId: string;
  readonly excluded: readonly string[];
}

export interface StoredXCom extends XComRow {
  readonly elements: readonly Uint8Array[] | null;
}

export interface StoredLog extends LogRow {
  readonly taskInstanceId: string;
  readonly bytes: number;
}

export interface StoredWakeup {
  readonly id: number;
  readonly runKey: number;
  readonly reason: string;
}

/** An entry of a unique index: a value, and the row that has it. */
interface UniqueEntry {
  readonly value: string;
  readonly row: Key;
}

/** Key of several parts. Ids hold no line feed. */
export const keyOf = (...parts: readonly Key[]): string => parts.join("\n");

export const quarantineKey = ({ dagId, runKey }: Pick<QuarantineRow, "dagId" | "runKey">): string =>
  keyOf(dagId, runKey ?? 0);

const uniqueIndex = () => new Table<UniqueEntry>({ keyOf: (entry) => entry.value });

/**
 * Takes a value of a unique index; false when a row has it. While another transaction is writing that row, its end is waited for:
 * it may give the value up.
 */
export async function takeUnique<Row>(
  at: RowHolder,
  { index, rows }: { readonly index: Table<UniqueEntry>; readonly rows: Pick<Table<Row>, "othersWrote"> },
  entry: UniqueEntry,
): Promise<boolean> {
  for (;;) {
    if (await index.insert(at, entry)) return true;
    const taken = index.get(at, entry.value);
    if (!taken || !(await rows.othersWrote(at, taken.row))) return false;
  }
}

/** Everything a store holds. Numbers given out are not taken back on rollback, as with PostgreSQL's sequences. */
export interface Tables extends ReturnType<typeof createTables> {}

export function createTables() {
  return { ...definitionTables(), ...runTables(), ...valueTables(), nextNumber: sequences() };
}

/** Tables whose commits can be watched. */
export interface WatchedRows {
  readonly dags: DagRow;
  readonly versions: DagVersionRow;
  readonly pools: PoolRow;
  readonly executors: ExecutorRow;
  readonly workers: WorkerRow;
  readonly runs: DagRunRow;
  readonly taskInstances: TaskInstanceRow;
  readonly attempts: AttemptRow;
  readonly tallies: StoredTally;
  readonly exclusions: StoredExclusion;
  readonly wakeups: StoredWakeup;
  readonly xcoms: StoredXCom;
  readonly quarantine: QuarantineRow;
}

export function watchTable<Name extends keyof WatchedRows>(
  tables: Tables,
  name: Name,
  listener: RowListener<WatchedRows[Name]>,
): void {
  const watched: { readonly [Each in keyof WatchedRows]: { watch(listener: RowListener<WatchedRows[Each]>): void } } =
    tables;
  watched[name].watch(listener);
}

function sequences(): (name: "run" | "wakeup" | "importError" | "event") => number {
  const last = new Map<string, number>();
  return (name) => {
    const next = (last.get(name) ?? 0) + 1;
    last.set(name, next);
    return next;
  };
}

const definitionTables = () => ({
  dags: new Table<DagRow, "file">({ keyOf: (row) => row.dagId, indexes: { file: (row) => row.file } }),
  versions: new Table<DagVersionRow, "dag">({ keyOf: (row) => row.id, indexes: { dag: (row) => row.dagId } }),
  dagFiles: new Table<DagFileRow>({ keyOf: (row) => row.file }),
  importErrors: new Table<ImportErrorRow>({ keyOf: (row) => row.file }),
  artifacts: new Table<NewArtifact>({ keyOf: (row) => row.id }),
  parts: new Table<{ readonly hash: string; readonly bytes: Uint8Array }>({ keyOf: (row) => row.hash }),
  services: new Table<ServiceRow>({ keyOf: (row) => keyOf(row.kind, row.id) }),
  workers: new Table<WorkerRow>({ keyOf: (row) => row.workerId }),
  executors: new Table<ExecutorRow>({ keyOf: (row) => row.name }),
  pools: new Table<PoolRow>({ keyOf: (row) => row.name }),
});

const runTables = () => ({
  runs: new Table<DagRunRow, "dag" | "state" | "version">({
    keyOf: (row) => row.id,
    indexes: { dag: (row) => row.dagId, state: (row) => row.state, version: (row) => row.versionId },
  }),
  runIds: uniqueIndex(),
  runDates: uniqueIndex(),
  /** The last short number given to a run, per Dag; under the lock of the Dag's row. */
  runNumbers: new Table<{ readonly dagId: string; readonly last: number }>({ keyOf: (row) => row.dagId }),
  taskInstances: new Table<TaskInstanceRow, "run" | "state" | "worker" | "leased" | "token">({
    keyOf: (row) => row.id,
    indexes: {
      run: (row) => row.runKey,
      state: (row) => row.state,
      worker: (row) => row.workerId,
      leased: (row) => (row.leaseUntil ? 1 : null),
      token: (row) => (row.state === "running" ? row.tokenHash : null),
    },
  }),
  taskInstancePlaces: uniqueIndex(),
  attempts: new Table<AttemptRow, "taskInstance">({
    keyOf: (row) => keyOf(row.taskInstanceId, row.attempt),
    indexes: { taskInstance: (row) => row.taskInstanceId },
  }),
  tallies: new Table<StoredTally, "run">({
    keyOf: (row) => keyOf(row.runKey, row.taskId),
    indexes: { run: (row) => row.runKey },
  }),
  exclusions: new Table<StoredExclusion, "run">({
    keyOf: (row) => keyOf(row.runKey, row.taskId),
    indexes: { run: (row) => row.runKey },
  }),
  quarantine: new Table<QuarantineRow>({ keyOf: quarantineKey }),
  wakeups: new Table<StoredWakeup, "run">({ keyOf: (row) => row.id, indexes: { run: (row) => row.runKey } }),
});

const valueTables = () => ({
  xcoms: new Table<StoredXCom, "run">({
    keyOf: (row) => keyOf(row.runKey, row.taskId, row.mapIndex, row.key),
    indexes: { run: (row) => row.runKey },
  }),
  logs: new Table<StoredLog, "taskInstance">({
    keyOf: (row) => keyOf(row.taskInstanceId, row.attempt, row.seq),
    indexes: { taskInstance: (row) => row.taskInstanceId },
  }),
  variables: new Table<SecretRow>({ keyOf: (row) => row.key }),
  connections: new Table<ConnectionRow>({ keyOf: (row) => row.connectionId }),
  users: new Table<UserRow>({ keyOf: (row) => row.username }),
  events: new Table<EventRow>({ keyOf: (row) => row.id }),
});

/** A copy that a caller's later change cannot reach, as a database would keep it. */
export const copyJson = <Value extends Json>(value: Value): Value => JSON.parse(JSON.stringify(value));
