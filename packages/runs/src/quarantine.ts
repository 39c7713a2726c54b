import { AirloomError } from "@airloom/core";
import type { DagRunRow, QuarantineRow, TaskInstanceMove, TaskInstanceRow, Tx } from "@airloom/store";
import type { RunsDeps } from "./deps.ts";

/** From one failure to the next try: 1 s, doubled with each in a row. */
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;
/** What fails again so soon after it worked goes on counting: a run whose every second step fails must not be tried every second. */
const rememberedMs = 600_000;

const isAside = ({ releasedAt, retryAt }: QuarantineRow, now: Date): boolean => releasedAt === null && retryAt > now;

/** The runs that nobody is to look at now. */
const asideOf = (rows: readonly QuarantineRow[], now: Date): ReadonlySet<number> =>
  new Set(rows.flatMap((row) => (row.runKey !== null && isAside(row, now) ? [row.runKey] : [])));

/** A store that fails is nobody's fault, least of all a run's: the caller's loop waits and tries all again. */
const isOfStore = (error: unknown): boolean => error instanceof AirloomError && error.code.startsWith("DATABASE_");

/** Thrown through a transaction to say which run made it fail. */
export class RunFault extends Error {
  readonly runKey: number;
  constructor(runKey: number, cause: unknown) {
    super(`run ${runKey} could not be read`, { cause });
    this.runKey = runKey;
  }
}

/** What one transaction of a pass may look at. */
export interface Scope {
  /** Null: all that is found. Else this run alone, because a batch with it has failed. */
  readonly only: number | null;
  /** Runs that are about to be looked at: after a failure each of them is tried alone. */
  note(runKeys: readonly number[]): void;
}

/**
 * A pass over several runs in one transaction. If it fails, each run is tried in one of its own, and those that fail there are
 * quarantined: one run never stops the others. `body` must note the runs before it does anything with them.
 * @returns what the transactions returned that were committed.
 */
export async function inBulkheads<T>(
  deps: RunsDeps,
  body: (tx: Tx, scope: Scope) => Promise<T>,
): Promise<readonly T[]> {
  let noted: readonly number[] = [];
  const note = (runKeys: readonly number[]) => {
    noted = runKeys;
  };
  try {
    return [await deps.store.tx((tx) => body(tx, { only: null, note }))];
  } catch (error) {
    if (isOfStore(error) || noted.length === 0) throw error;
  }
  const done: T[] = [];
  for (const runKey of new Set(noted)) {
    await alone(deps, runKey, async () => {
      done.push(await deps.store.tx((tx) => body(tx, { only: runKey, note: () => {} })));
    });
  }
  return done;
}

/** Does something for one run; what it throws quarantines the run, unless the store is at fault. @returns whether it was done. */
export async function alone(deps: RunsDeps, runKey: number, act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    await quarantineRun(deps, runKey, error);
    return false;
  }
}

/** Up to `limit` of what is listed, without runs that are set aside: they are due all the time and may stand first. */
export async function listUsable<Row>(
  tx: Tx,
  {
    limit,
    list,
    keyOf,
  }: {
    readonly limit: number;
    readonly list: (limit: number) => Promise<readonly Row[]>;
    readonly keyOf: (row: Row) => number;
  },
  only: number | null = null,
): Promise<readonly Row[]> {
  const known = tx.listQuarantine();
  for (let wanted = limit; ; wanted *= 2) {
    const [rows, found] = await Promise.all([known, list(wanted)]);
    const aside = asideOf(rows, tx.now);
    const usable = found.filter((row) => !aside.has(keyOf(row)));
    if (usable.length < limit && found.length >= wanted) continue;
    return usable.slice(0, limit).filter((row) => only === null || keyOf(row) === only);
  }
}

/**
 * Lets those go on whose time has come, and forgets those that have worked for long.
 * @returns `aside`: who is still not to be looked at; `freed`: the runs to look at now.
 */
export async function freeDue(
  tx: Tx,
  only: number | null,
): Promise<{ readonly aside: ReadonlySet<number>; readonly freed: readonly number[] }> {
  const rows = (await tx.listQuarantine()).filter(({ runKey }) => only === null || runKey === only);
  const now = tx.now;
  const freed: number[] = [];
  for (const row of rows) {
    if (row.runKey === null) continue;
    if (row.releasedAt !== null) {
      if (now.getTime() - row.releasedAt.getTime() > rememberedMs) void tx.deleteQuarantine(row);
    } else if (row.retryAt <= now) {
      void tx.putQuarantine({ ...row, releasedAt: now });
      freed.push(row.runKey);
    }
  }
  return { aside: asideOf(rows, now), freed };
}

/**
 * Sets a run aside for a while. What it has in the queue is taken out, so that it neither stands before others' work nor is offered to a
 * worker that could not be told what to do.
 * @throws the error itself when the store is at fault.
 */
export async function quarantineRun(deps: RunsDeps, runKey: number, error: unknown): Promise<void> {
  if (isOfStore(error)) throw error;
  const told = await deps.store.tx(async (tx) => {
    const [run] = await tx.lockRuns([runKey]);
    if (!run) return null;
    const [known, instances] = await Promise.all([
      tx.listQuarantine(),
      tx.listTaskInstances({ runKey, unfinishedOnly: true }),
    ]);
    const { dagId, versionId } = run;
    const before = known.find((row) => row.runKey === runKey);
    const row = rowAfter({ dagId, runKey, versionId }, before, { error, now: tx.now });
    const waiting = instances.filter(({ state }) => state === "scheduled" || state === "queued");
    await Promise.all([
      tx.putQuarantine(row),
      waiting.length > 0 ? tx.moveTaskInstances(waiting.map(takenOut)) : undefined,
      row.failures === 1 ? tx.insertEvents([eventOf(row, run)]) : undefined,
    ]);
    return { run, row };
  });
  if (!told) return;
  const { code, reason, failures, retryAt } = told.row;
  deps.tell({
    event: "dagRun:quarantined",
    dagId: told.run.dagId,
    runId: told.run.runId,
    code,
    reason,
    failures,
    retryAt,
  });
}

/** It counts its try anew when it is scheduled again. */
const takenOut = ({ id, state, attempt, tryNumber }: TaskInstanceRow): TaskInstanceMove => ({
  id,
  from: state,
  attempt,
  to: "none",
  set: { code: "run_quarantined", tryNumber: Math.max(0, tryNumber - 1) },
});

const eventOf = ({ dagId, code, reason }: QuarantineRow, run: DagRunRow | null) => ({
  event: run ? "dagRun:quarantined" : "dag:quarantined",
  actor: "airloom",
  dagId,
  runId: run?.runId ?? null,
  taskId: null,
  mapIndex: null,
  tryNumber: null,
  detail: { code, reason },
});

/**
 * Sets a Dag's schedule aside: its next run could not be made. A new version of the Dag is tried at once.
 * @throws the error itself when the store is at fault.
 */
export async function quarantineDag(
  deps: RunsDeps,
  { dagId, versionId }: { readonly dagId: string; readonly versionId: string },
  error: unknown,
): Promise<void> {
  if (isOfStore(error)) throw error;
  const row = await deps.store.tx(async (tx) => {
    const known = await tx.listQuarantine();
    const before = known.find((one) => one.runKey === null && one.dagId === dagId);
    const after = rowAfter({ dagId, runKey: null, versionId }, before, { error, now: tx.now });
    await Promise.all([
      tx.putQuarantine(after),
      after.failures === 1 ? tx.insertEvents([eventOf(after, null)]) : undefined,
    ]);
    return after;
  });
  const { code, reason, failures, retryAt } = row;
  deps.tell({ event: "dag:quarantined", dagId, code, reason, failures, retryAt });
}

/** Dags whose next run is not to be made now, and those that had been such. */
export async function listAsideDags(
  tx: Tx,
): Promise<{ readonly aside: ReadonlySet<string>; readonly known: ReadonlySet<string> }> {
  const rows = (await tx.listQuarantine()).filter(({ runKey }) => runKey === null);
  const aside = rows.filter((row) => isAside(row, tx.now));
  return { aside: new Set(aside.map(({ dagId }) => dagId)), known: new Set(rows.map(({ dagId }) => dagId)) };
}

function rowAfter(
  of: Pick<QuarantineRow, "dagId" | "runKey" | "versionId">,
  before: QuarantineRow | undefined,
  { error, now }: { readonly error: unknown; readonly now: Date },
): QuarantineRow {
  const failures = (before?.failures ?? 0) + 1;
  const waitMs = Math.min(maxRetryMs, firstRetryMs * 2 ** (failures - 1));
  return {
    ...of,
    code: error instanceof AirloomError ? error.code : "INTERNAL",
    // A NUL cannot be stored as text.
    reason: (error instanceof Error ? error.message : String(error)).replaceAll("\0", "").slice(0, 2_000),
    failures,
    since: before?.since ?? now,
    retryAt: new Date(now.getTime() + waitMs),
    releasedAt: null,
  };
}
