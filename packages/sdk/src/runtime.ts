/** What Airloom's own processes need of the SDK: finding Dags, evaluating them, running a node. Not for authors. */
export type { Dag } from "./dag/dag.ts";
export type { EvaluatedDag } from "./dag/dag-options.ts";
export type { NodeCode } from "./dag/node-code.ts";
export { evaluateDag, findDags, sdkProtocol } from "./find-dags.ts";
export { outcomeOf } from "./run/failure.ts";
export { type NodeResult, type NodeRun, runNode } from "./run/run-node.ts";
export type { ContextHost, LogEntry } from "./run/task-context.ts";
