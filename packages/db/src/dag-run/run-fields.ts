import type { DagRunRow } from "@airloom/store";
import { fieldsOf, selectList, snakeCase } from "../connection/select-list.ts";

const columnOf = (field: string): string => (field === "id" ? "key" : snakeCase(field));

/** Fields whose column has the same name in snake_case. `id` is the column `key`. */
const fields = fieldsOf<Omit<DagRunRow, "id">>()([
  "dagId",
  "runId",
  "runType",
  "state",
  "logicalDate",
  "intervalStart",
  "intervalEnd",
  "runAfter",
  "startedAt",
  "conf",
  "unfinished",
  "number",
  "versionId",
  "triggeredBy",
  "triggeringUser",
  "queuedAt",
  "endedAt",
  "clearNumber",
  "note",
  "lastDecisionAt",
  "updatedAt",
]);

/** The same as columns `run.<field>` of a wider row, and how they become a `DagRunRow` again. */
export const runFieldsInside = ["id", ...fields].map((field) => `r.${columnOf(field)} as "run.${field}"`).join(", ");

const namesInside = ["id", ...fields].map((field) => [field, `run.${field}`] as const);

export function runInside(row: Readonly<Record<string, unknown>>): DagRunRow {
  const run: Record<string, unknown> = {};
  for (const [field, inside] of namesInside) run[field] = row[inside];
  return run as unknown as DagRunRow;
}

/** The columns of a `DagRunRow`, from `dag_run r`. */
export const runFields = `r.key as "id", ${selectList("r", fields)}`;
