import { type Explanation, isRunFinished } from "@airloom/core";
import type { DagRow, DagRunRow, QuarantineRow, Tx } from "@airloom/store";
import { iso } from "../../http/instant.ts";

const isCurrent = ({ releasedAt }: QuarantineRow): boolean => releasedAt === null;

/** Why a run is left alone, when it is: it could not be decided. Null for all others. */
export async function explainRunQuarantine(tx: Tx, run: DagRunRow): Promise<Explanation | null> {
  if (isRunFinished(run.state)) return null;
  const row = (await tx.listQuarantine()).find((one) => one.runKey === run.id && isCurrent(one));
  if (!row) return null;
  return {
    code: "run_quarantined",
    title: "Set aside: it could not be decided what happens next in this run",
    detail: because(row),
    next: `${again(row)} Correct what the reason names; then clear the run to have it tried at once, or delete it.`,
  };
}

/** Why a Dag gets no scheduled run, when making it failed. */
export async function explainDagQuarantine(tx: Tx, dag: DagRow): Promise<Explanation | null> {
  const row = (await tx.listQuarantine()).find(
    (one) => one.runKey === null && one.dagId === dag.dagId && isCurrent(one),
  );
  if (!row) return null;
  return {
    code: "dag_quarantined",
    title: "Set aside: its next run could not be made",
    detail: because(row),
    next: `${again(row)} A new version of the Dag is tried at once.`,
  };
}

const because = ({ code, reason, failures, since }: QuarantineRow): string =>
  `${code}: ${reason} (${failures === 1 ? "once" : `${failures} times in a row`}, since ${since.toISOString()})`;

const again = ({ retryAt }: QuarantineRow): string => `It is tried again by itself at ${retryAt.toISOString()}.`;

/** Everything that is set aside now. */
export async function quarantineList(tx: Tx) {
  const rows = (await tx.listQuarantine()).filter(isCurrent);
  const runs = await tx.listRunsByKey(rows.flatMap(({ runKey }) => (runKey === null ? [] : [runKey])));
  const runIds = new Map(runs.map(({ id, runId }) => [id, runId]));
  return rows.map(({ dagId, runKey, code, reason, failures, since, retryAt }) => ({
    dag_id: dagId,
    run_id: runKey === null ? null : (runIds.get(runKey) ?? null),
    code,
    reason,
    failures,
    since: iso(since),
    retry_at: iso(retryAt),
  }));
}
