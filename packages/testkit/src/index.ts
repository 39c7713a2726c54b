export { builtFile } from "./build/built-file.ts";
export { builtProgram } from "./build/built-program.ts";
export { executionContract } from "./contracts/execution-contract.ts";
export { type ExecutorMade, executorContract } from "./contracts/executor-contract.ts";
export { runsContract } from "./contracts/runs-contract.ts";
export type { MakeStore } from "./contracts/store/store-under-test.ts";
export { type AgreementOptions, storeAgreement } from "./contracts/store-agreement.ts";
export { storeContract } from "./contracts/store-contract.ts";
export { type MakeWatchedStore, storeWaitingAgreement } from "./contracts/store-waiting-agreement.ts";
export { cloneDatabase, type DatabaseClone } from "./database/clone-database.ts";
export { cloneStore, memoryStore, type OwnedStore } from "./database/clone-store.ts";
export { type FolderGuard, guardFolder } from "./database/guard-folder.ts";
export { startTestServer, type TestServer } from "./database/test-server.ts";
export { type ExecutionOver, executionOver, realTimers } from "./execution/execution-over.ts";
export {
  makeHttpExecution,
  makeMemoryExecution,
  makePostgresExecution,
  type ServedExecution,
} from "./execution/make-execution.ts";
export { memoryExecution } from "./execution/memory-execution.ts";
export { publish, somePublication } from "./factories/publish.ts";
export { someId } from "./factories/some-id.ts";
export { type RunGiven, someNewRun, someRun } from "./factories/some-run.ts";
export { someSpec, someTask } from "./factories/some-spec.ts";
export {
  someClaim,
  someNewTaskInstance,
  someTaskInstance,
  type TaskInstanceGiven,
} from "./factories/some-task-instance.ts";
export {
  finish,
  hold,
  type RunsUnderTest,
  runsOver,
  settle,
  someRunRequest,
  statesOf,
  succeeds,
  trigger,
  type Work,
  work,
} from "./runs/drive-runs.ts";
export { runTask, type TaskSurroundings, type TaskTrial } from "./tasks/run-task.ts";
export { idleTime } from "./timing/idle-time.ts";
