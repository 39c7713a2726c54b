import { type Claimed, paramsOf } from "@airloom/runs";
import type { RunFacts, TaskWorkload } from "@airloom/wire";

const iso = (date: Date | null): string | null => date?.toISOString() ?? null;

/** A claimed attempt in the words of the execution contract. */
export function workloadOf(
  { instance, run, version, task, inputs }: Claimed,
  leaseMs: number,
  variables: Readonly<Record<string, string | null>>,
): TaskWorkload {
  return {
    kind: "task",
    taskInstanceId: instance.id,
    attempt: instance.attempt,
    tokenHash: instance.tokenHash ?? "",
    leaseMs,
    artifactId: version.row.artifactId,
    dagId: run.dagId,
    task,
    mapIndex: instance.mapIndex,
    tryNumber: instance.tryNumber,
    maxTries: instance.maxTries,
    run: factsOf(run),
    params: paramsOf(run, version.graph),
    variables,
    inputs: inputs.inputs,
    elementIndexes: inputs.elementIndexes,
  };
}

const factsOf = (run: Claimed["run"]): RunFacts => ({
  runId: run.runId,
  runType: run.runType,
  logicalDate: iso(run.logicalDate),
  intervalStart: iso(run.intervalStart),
  intervalEnd: iso(run.intervalEnd),
  runAfter: run.runAfter.toISOString(),
  conf: run.conf,
  clearNumber: run.clearNumber,
});
