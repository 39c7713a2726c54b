import type { Explanation } from "@airloom/core";
import type { DagRow, DagRunRow, Tx } from "@airloom/store";
import { explainInstance, type RunInTx } from "./explain-instance.ts";
import { explainDagQuarantine } from "./quarantine.ts";

/** A scheduler that was silent so long starts nothing, ms. */
const silentMs = 30_000;
/** Instances that are explained one by one. */
const maxInstances = 20;

/** Why a run has not started, or has not ended. */
export async function explainRun(at: RunInTx): Promise<Explanation> {
  const { run } = at;
  if (run.state === "queued") return explainQueued(at.tx, run);
  if (run.state === "running") return explainRunning(at);
  return {
    code: run.state,
    title: run.state === "success" ? "Succeeded" : "Failed",
    detail: `It ended at ${run.endedAt?.toISOString() ?? "an unknown time"}.`,
    next: run.state === "success" ? "Nothing to do." : "Look at the failed tasks, then clear them to run them again.",
  };
}

async function explainQueued(tx: Tx, run: DagRunRow): Promise<Explanation> {
  const [dag, running, silent] = await Promise.all([
    tx.findDag(run.dagId),
    tx.countRunningRuns([run.dagId]),
    schedulerIsSilent(tx),
  ]);
  if (run.runAfter > tx.now)
    return say("run_not_due", `Not due before ${run.runAfter.toISOString()}`, "", "It starts by itself then.");
  if (dag?.isPaused)
    return say(
      "dag_paused",
      `Waiting: Dag ${run.dagId} is paused`,
      "Runs of a paused Dag are not started.",
      "Unpause the Dag.",
    );
  const active = running.get(run.dagId) ?? 0;
  if (dag && active >= dag.maxActiveRuns)
    return say(
      "max_active_runs",
      "Waiting for another run of the Dag to end",
      `${active} of ${dag.maxActiveRuns} runs are running.`,
      "It starts when one of them ends. The Dag's `maxActiveRuns` sets the limit.",
    );
  if (silent)
    return say(
      "no_scheduler",
      "No scheduler is alive",
      "Nobody has said so for 30 seconds.",
      "Start `airloom scheduler` (or `airloom standalone`).",
    );
  return say("run_startable", "May start", "Nothing is in its way.", "The scheduler starts it next.");
}

async function explainRunning(at: RunInTx): Promise<Explanation> {
  const { tx, run } = at;
  const open = await tx.listTaskInstances({ runKey: run.id, unfinishedOnly: true });
  if (open.length === 0)
    return say("run_ending", "About to end", "All its tasks have ended.", "The scheduler ends it next.");
  const lines: string[] = [];
  for (const row of open.slice(0, maxInstances)) {
    const name = row.mapIndex < 0 ? row.taskId : `${row.taskId}[${row.mapIndex}]`;
    lines.push(`${name}: ${(await explainInstance(at, row)).title}`);
  }
  if (open.length > maxInstances) lines.push(`and ${open.length - maxInstances} more`);
  return say(
    "run_running",
    `Running: ${open.length} task ${open.length === 1 ? "instance has" : "instances have"} not ended`,
    lines.join("\n"),
    "It ends when they have.",
  );
}

/** Why a Dag has no run, or none more. */
export async function explainDag(tx: Tx, dag: DagRow): Promise<Explanation> {
  const { dagId, nextRun } = dag;
  if (dag.isStale)
    return say(
      "dag_stale",
      `The file of Dag ${dagId} is gone`,
      `${dag.file} no longer defines it.`,
      "Bring the file back, or delete the Dag.",
    );
  if (dag.isPaused)
    return say("dag_paused", `Dag ${dagId} is paused`, "No runs are made, and none start.", "Unpause it.");
  if (!nextRun)
    return say(
      "no_schedule",
      "No run is planned",
      "It has no schedule, or its schedule has no further date.",
      "Trigger it, or give it a schedule.",
    );
  if (nextRun.runAfter > tx.now)
    return say(
      "next_run_planned",
      `The next run is due at ${nextRun.runAfter.toISOString()}`,
      "",
      "It is made by itself then.",
    );
  const active = (await tx.countActiveRuns([dagId])).get(dagId) ?? 0;
  if (active >= dag.maxActiveRuns)
    return say(
      "max_active_runs",
      "The next run is due, but enough are active",
      `${active} of ${dag.maxActiveRuns} runs are queued or running.`,
      "It is made when one of them ends. The Dag's `maxActiveRuns` sets the limit.",
    );
  const aside = await explainDagQuarantine(tx, dag);
  if (aside) return aside;
  if (await schedulerIsSilent(tx))
    return say(
      "no_scheduler",
      "No scheduler is alive",
      "A run is due, but nobody makes it.",
      "Start `airloom scheduler` (or `airloom standalone`).",
    );
  return say(
    "next_run_due",
    "The next run is due",
    `Since ${nextRun.runAfter.toISOString()}.`,
    "The scheduler makes it next.",
  );
}

async function schedulerIsSilent(tx: Tx): Promise<boolean> {
  const services = await tx.listServices();
  return !services.some(
    ({ kind, heartbeatAt }) => kind === "scheduler" && tx.now.getTime() - heartbeatAt.getTime() < silentMs,
  );
}

const say = (code: string, title: string, ...[detail, next]: [string, string]): Explanation => ({
  code,
  title,
  detail,
  next,
});
