import { AirloomError } from "@airloom/core";
import type { LogRow, Tx } from "@airloom/store";
import type { AttemptRef, LogBatch, LogRecord } from "@airloom/wire";
import type { ExecutionDeps } from "./execution-deps.ts";
import { hashToken } from "./fence.ts";

/**
 * Keeps records of an attempt, ended ones included: its last words may come after its outcome. Where the cap is reached a record is
 * cut and says so; what follows is dropped, but for a few words of the system's own.
 */
export async function appendLogs(deps: ExecutionDeps, { attempt: ref, records }: LogBatch): Promise<void> {
  await deps.store.tx(async (tx) => {
    const [, stored] = await Promise.all([mayWrite(tx, ref), tx.countLogBytes(ref.taskInstanceId, ref.attempt)]);
    const rows = records.map((record) => rowOf(ref.attempt, record));
    const kept = keepWithin(rows, stored, deps.maxLogBytesPerAttempt);
    if (kept.length > 0) await tx.appendLogs(ref.taskInstanceId, kept);
  });
}

/**
 * Only attempts that were handed out have a log. The token of the newest one is known while it holds its lease; of ended ones nothing
 * is kept to compare with, and what they still say goes to their own log only.
 */
async function mayWrite(tx: Tx, { taskInstanceId, attempt, token }: AttemptRef): Promise<void> {
  const [instance, handedOut] = await Promise.all([
    tx.findTaskInstance(taskInstanceId),
    tx.findAttempt(taskInstanceId, attempt),
  ]);
  const isHeldByOther =
    instance?.attempt === attempt && instance.tokenHash !== null && instance.tokenHash !== hashToken(token);
  if (instance && handedOut && !isHeldByOther) return;
  throw new AirloomError("ATTEMPT_FENCED", { taskInstanceId, attempt, reason: "the token is not this attempt's" });
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

/** Room past the cap for what the system says of the attempt's end. */
const lastWordsBytes = 64 * 1_024;

/** @param stored Bytes that are there. A log at its cap takes nothing more, so the record that was cut stays the only one. */
function keepWithin(rows: readonly LogRow[], stored: number, cap: number): readonly LogRow[] {
  const kept: LogRow[] = [];
  let bytes = stored;
  for (const row of rows) {
    const size = Buffer.byteLength(JSON.stringify(row));
    if (bytes >= cap && !(row.source === "airloom" && bytes + size <= cap + lastWordsBytes)) continue;
    kept.push(bytes < cap && bytes + size > cap ? cutTo(row, cap - bytes, cap) : row);
    bytes += size;
  }
  return kept;
}

/** Fills the room that is left, so that the log counts as full from then on. */
const cutTo = (row: LogRow, room: number, cap: number): LogRow => ({
  ...row,
  msg: `${row.msg.slice(0, room).padEnd(room)}\n… The log of this attempt has reached ${cap} bytes: it is cut here, and what follows is left out.`,
  fields: null,
});
