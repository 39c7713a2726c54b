/** What Airloom's own processes need of the SDK: finding Dags, evaluating them, running a node. Not for authors. */
export type { Dag, EvaluatedDag } from "./dag/dag.ts";
export type { NodeCode } from "./dag/node-code.ts";
export { evaluateDag, findDags, isDag, nodesOf, sdkProtocol } from "./find-dags.ts";
export { renderedKey, returnKey } from "./run/encode-result.ts";
export { outcomeOf } from "./run/failure.ts";
export { type NodeResult, type NodeRun, runNode } from "./run/run-node.ts";
export type { ContextHost, LogEntry } from "./run/task-context.ts";
