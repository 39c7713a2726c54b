import type { Tx } from "@airloom/store";
import type { Sql } from "./connection/sql.ts";
import { findArtifact, findPart, insertArtifact, listMissingParts, putPart } from "./dag/artifacts.ts";
import { deleteDag, setCursor, setPaused } from "./dag/change-dags.ts";
import {
  deleteImportError,
  findDagFile,
  keepDagsOfFile,
  listDagFiles,
  listDagsOfOtherFiles,
  missFiles,
  putDagFile,
  putImportError,
  requestReparse,
} from "./dag/dag-files.ts";
import { publishDag } from "./dag/publish-dag.ts";
import { findDag, findVersion, listDueDags, listVersions, nextRunDueAt } from "./dag/read-dags.ts";
import { deleteService, listServices, touchService } from "./dag/services.ts";
import { adjustUnfinished, deleteRun, setRunNote } from "./dag-run/change-runs.ts";
import { deleteExclusions, listExclusions, listPastStates, putExclusion } from "./dag-run/exclusions.ts";
import { insertRun } from "./dag-run/insert-run.ts";
import { moveRun } from "./dag-run/move-run.ts";
import { deleteQuarantine, listQuarantine, putQuarantine } from "./dag-run/quarantine.ts";
import {
  countActiveRuns,
  countRunningRuns,
  findRun,
  listRecentOutcomes,
  listRunningRuns,
  listRunsByKey,
  listStartableRuns,
  listTimedOutRuns,
  lockRuns,
} from "./dag-run/read-runs.ts";
import { addTallies, insertTallies, listTallies, recountRun } from "./dag-run/tallies.ts";
import { takeWakeups, wakeOtherRuns, wakeRuns } from "./dag-run/wakeups.ts";
import { countLiveSlots } from "./limit/count-live-slots.ts";
import { lockDags, lockExecutors, lockPools } from "./limit/lock-limits.ts";
import { deletePool, findPool, insertPool, listPools, updatePool, upsertExecutor } from "./limit/pools.ts";
import { endAttempts, findAttempt, listAttempts } from "./task-instance/attempts.ts";
import { claimQueued, findClaimed } from "./task-instance/claim-queued.ts";
import { insertTaskInstances } from "./task-instance/insert-task-instances.ts";
import {
  endLeases,
  extendLeases,
  listExpiredLeases,
  listLeasesOfWorkers,
  lockExpiredLeases,
} from "./task-instance/leases.ts";
import { listCandidates } from "./task-instance/list-candidates.ts";
import { moveTaskInstances } from "./task-instance/move-task-instances.ts";
import {
  countQueued,
  findTaskInstance,
  listDueRuns,
  listTaskInstances,
  nextDueAt,
} from "./task-instance/read-instances.ts";
import { setTaskInstanceNotes } from "./task-instance/set-notes.ts";
import { deleteWorkers, listWorkers, touchWorker, upsertWorker } from "./task-instance/workers.ts";
import { appendLogs, countLogBytes, listLogs } from "./value/logs.ts";
import { putXComs } from "./value/put-xcoms.ts";
import { deleteXCom, deleteXComs, findXCom, listXComElements, listXComs } from "./value/read-xcoms.ts";
import {
  deleteConnection,
  deleteVariable,
  findConnection,
  findVariables,
  listConnections,
  listVariables,
  putConnection,
  putVariable,
} from "./value/secrets.ts";
import { countUsers, findUser, insertEvents, listUsers, putUser } from "./value/users-and-events.ts";

const nothing = (): void => {};

type Verb = (sql: Sql) => (...values: never[]) => Promise<unknown>;

/** Every verb of the contract by its name. */
const verbs = {
  // runs
  insertRun,
  findRun,
  listRunsByKey,
  lockRuns,
  moveRun,
  adjustUnfinished,
  setRunNote,
  deleteRun,
  listStartableRuns,
  countRunningRuns,
  listRunningRuns,
  countActiveRuns,
  listTimedOutRuns,
  listRecentOutcomes,
  insertTallies,
  listTallies,
  addTallies,
  recountRun,
  putExclusion,
  listExclusions,
  deleteExclusions,
  listPastStates,
  wakeOtherRuns,
  wakeRuns,
  takeWakeups,
  putQuarantine,
  listQuarantine,
  deleteQuarantine,
  // definitions
  findDag,
  findVersion,
  listVersions,
  publishDag,
  setPaused,
  setCursor,
  listDueDags,
  nextRunDueAt,
  deleteDag,
  listDagFiles,
  findDagFile,
  putDagFile,
  requestReparse,
  missFiles,
  keepDagsOfFile,
  listDagsOfOtherFiles,
  putImportError,
  deleteImportError,
  insertArtifact,
  findArtifact,
  listMissingParts,
  putPart,
  findPart,
  touchService,
  deleteService,
  listServices,
  // limits
  lockExecutors,
  lockPools,
  lockDags,
  countLiveSlots,
  listPools,
  findPool,
  insertPool,
  updatePool,
  deletePool,
  upsertExecutor,
  // task instances
  insertTaskInstances,
  moveTaskInstances,
  listTaskInstances,
  findTaskInstance,
  setTaskInstanceNotes,
  listCandidates,
  claimQueued,
  findClaimed,
  extendLeases,
  endLeases,
  listExpiredLeases,
  lockExpiredLeases,
  listLeasesOfWorkers,
  listDueRuns,
  nextDueAt,
  countQueued,
  endAttempts,
  findAttempt,
  listAttempts,
  upsertWorker,
  listWorkers,
  deleteWorkers,
  touchWorker,
  // values
  putXComs,
  listXComs,
  findXCom,
  listXComElements,
  deleteXComs,
  deleteXCom,
  appendLogs,
  countLogBytes,
  listLogs,
  listVariables,
  findVariables,
  putVariable,
  deleteVariable,
  listConnections,
  findConnection,
  putConnection,
  deleteConnection,
  findUser,
  listUsers,
  putUser,
  countUsers,
  insertEvents,
} satisfies { readonly [Name in Exclude<keyof Tx, "now">]: (sql: Sql) => Tx[Name] };

/** What the verbs of a transaction share. */
class TxState {
  readonly sql: Sql;
  readonly clock: () => Date | undefined;
  /** Verbs that were called: a transaction uses a few of the hundred. */
  readonly used: Record<string, ReturnType<Verb>> = {};

  constructor(sql: Sql, clock: () => Date | undefined) {
    this.sql = sql;
    this.clock = clock;
  }

  get now(): Date {
    const now = this.clock();
    if (now) return now;
    throw new Error("`tx.now` is known once the first verb has answered");
  }
}

/** Made once, and not for each transaction: that took 20 µs. */
for (const [name, create] of Object.entries(verbs) as readonly (readonly [string, Verb])[]) {
  Object.defineProperty(TxState.prototype, name, {
    enumerable: true,
    value(this: TxState, ...values: never[]): Promise<unknown> {
      this.used[name] ??= create(this.sql);
      const answer = this.used[name](...values);
      answer.catch(nothing);
      return answer;
    },
  });
}

/**
 * The verbs of one transaction. A verb that fails dooms its transaction, whoever waits for its promise: of several sent
 * together the others may be left alone without ending the process as unhandled rejections.
 */
export const createTx = (sql: Sql, clock: () => Date | undefined): Tx => new TxState(sql, clock) as unknown as Tx;
