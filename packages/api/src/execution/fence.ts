import { createHash } from "node:crypto";
import { AirloomError } from "@airloom/core";
import type { AttemptKey, TaskInstanceRow, Tx } from "@airloom/store";
import type { AttemptRef } from "@airloom/wire";

export const hashToken = (token: string): string => createHash("sha256").update(token).digest("hex");

export const keyOf = ({ taskInstanceId, attempt, token }: AttemptRef): AttemptKey => ({
  taskInstanceId,
  attempt,
  tokenHash: hashToken(token),
});

/** The instance of a live attempt. @throws ATTEMPT_FENCED when it is not running under this attempt and token. */
export async function liveInstance(tx: Tx, ref: AttemptRef): Promise<TaskInstanceRow> {
  const { taskInstanceId, attempt } = ref;
  const instance = await tx.findTaskInstance(taskInstanceId);
  const live =
    instance?.state === "running" && instance.attempt === attempt && instance.tokenHash === hashToken(ref.token);
  if (instance && live) return instance;
  throw new AirloomError("ATTEMPT_FENCED", { taskInstanceId, attempt, reason: reasonOf(instance, attempt) });
}

/**
 * The same, with its row locked until the end of the transaction: nobody clears, marks or ends the attempt meanwhile, so what is
 * written beside it is never found by the next one.
 */
export async function lockLiveInstance(tx: Tx, ref: AttemptRef): Promise<TaskInstanceRow> {
  // The one verb that locks by attempt and token; a lease is never shortened by it.
  await tx.extendLeases([keyOf(ref)], 0);
  return liveInstance(tx, ref);
}

function reasonOf(instance: TaskInstanceRow | null, attempt: number): string {
  if (!instance) return "the task instance is gone";
  if (instance.attempt !== attempt) return `attempt ${instance.attempt} followed it`;
  return instance.state === "running" ? "the token is not this attempt's" : `it is ${instance.state}`;
}
