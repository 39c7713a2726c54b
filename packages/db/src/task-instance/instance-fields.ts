import type { TaskInstanceRow } from "@airloom/store";
import { fieldsOf, selectList } from "../connection/select-list.ts";

export const instanceFieldNames = fieldsOf<TaskInstanceRow>()([
  "id",
  "taskId",
  "mapIndex",
  "state",
  "attempt",
  "tryNumber",
  "maxTries",
  "losses",
  "nextDueAt",
  "leaseUntil",
  "runKey",
  "dagId",
  "operator",
  "pool",
  "poolSlots",
  "queue",
  "executor",
  "priority",
  "tokenHash",
  "workerId",
  "scheduledAt",
  "queuedAt",
  "startedAt",
  "endedAt",
  "code",
  "note",
  "updatedAt",
]);

/** The columns of a `TaskInstanceRow`, from `task_instance ti`. */
export const instanceFields = selectList("ti", instanceFieldNames);
