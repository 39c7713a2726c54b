import fc from "fast-check";
import { dagOperations } from "./dag-operations.ts";
import { limitAndValueOperations } from "./limit-and-value-operations.ts";
import type { Operation } from "./operation.ts";
import { runOperations } from "./run-operations.ts";
import { taskInstanceOperations } from "./task-instance-operations.ts";

/** What makes and moves things is drawn more often: most sequences would be about nothing otherwise. */
const weights: Readonly<Record<string, number>> = {
  insertRun: 12,
  moveRun: 8,
  insertTaskInstances: 16,
  moveTaskInstances: 60,
  claimQueued: 20,
  deleteDag: 1,
  deleteRun: 1,
};

export const operationKinds = [
  ...dagOperations,
  ...runOperations,
  ...taskInstanceOperations,
  ...limitAndValueOperations,
];

/** Any operation, or any but the named ones. */
export const anyOperation = (without: readonly string[] = []): fc.Arbitrary<Operation> =>
  fc.oneof(
    ...operationKinds
      .filter((kind) => !without.includes(kind.name))
      .map((kind) => ({ weight: weights[kind.name] ?? 4, arbitrary: kind.arbitrary })),
  );
