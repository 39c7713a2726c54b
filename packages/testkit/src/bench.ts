export { memoryExecution } from "./execution/memory-execution.ts";
export { publish } from "./factories/publish.ts";
export { someSpec, someTask } from "./factories/some-spec.ts";
export { runsOver, trigger, work } from "./runs/drive-runs.ts";
