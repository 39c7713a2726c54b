import type { DagRunRow } from "@airloom/store";
import { fieldsOf, selectList } from "../connection/select-list.ts";

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

/** The columns of a `DagRunRow`, from `dag_run r`. */
export const runFields = `r.key as "id", ${selectList("r", fields)}`;
