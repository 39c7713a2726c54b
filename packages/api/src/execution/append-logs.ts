import { AirloomError } from "@airloom/core";
import type { LogRow } from "@airloom/store";
import type { LogBatch, LogRecord } from "@airloom/wire";
import type { ExecutionDeps } from "./execution-deps.ts";
import { hashToken } from "./fence.ts";

/** Keeps records of an attempt, ended ones included: its last words may come after its outcome. Past the cap they are dropped. */
export async function appendLogs(deps: ExecutionDeps, { attempt: ref, records }: LogBatch): Promise<void> {
  const { taskInstanceId, attempt, token } = ref;
  await deps.store.tx(async (tx) => {
    const instance = await tx.findTaskInstance(taskInstanceId);
    const known =
      instance &&
      (instance.attempt !== attempt || instance.tokenHash === null || instance.tokenHash === hashToken(token));
    if (!known)
      throw new AirloomError("ATTEMPT_FENCED", { taskInstanceId, attempt, reason: "the token is not this attempt's" });
    await tx.appendLogs(
      taskInstanceId,
      records.map((record) => rowOf(attempt, record)),
    );
  });
}

const rowOf = (attempt: number, record: LogRecord): LogRow => ({
  attempt,
  seq: record.seq,
  ts: record.ts,
  level: record.level,
  source: record.source,
  msg: record.msg,
  fields: record.fields ?? null,
  group: record.group ?? null,
});
