export { admitWaiting, advanceWokenRuns } from "./advance-runs.ts";
export { type Claimed, claim } from "./claim.ts";
export { type Changed, clearTasks, markTasks, setRunState } from "./clear.ts";
export { createRun, type RunRequest } from "./create-run.ts";
export { defaultRunsSettings, type RunEvent, type RunsDeps, type RunsSettings } from "./deps.ts";
export { failTimedOutRuns, wakeDueRuns } from "./due-runs.ts";
export type { Finish, FinishOutcome, FinishResult } from "./finish.ts";
export { createFinishLanes, type FinishLanes } from "./finish-lanes.ts";
export { type Input, type Inputs, loadInputs } from "./inputs.ts";
export {
  endAttempts,
  heartbeat,
  type LeaseVerdict,
  loseAttempts,
  releaseDeadWorkers,
  rescueExpired,
} from "./leases.ts";
export { type LoadedRunView, loadRunView } from "./load-run-view.ts";
export { nextRunOf, planNextRun } from "./plan-next-run.ts";
export { listAsideDags, quarantineDag } from "./quarantine.ts";
export { paramsOf } from "./run-params.ts";
export { type Created, createAndStart, startRuns, tellCreated } from "./start-runs.ts";
export { createVersions, type Version, type Versions } from "./versions.ts";
