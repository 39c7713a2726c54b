import type { TaskContext } from "@airloom/sdk";

const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * What an operator's process finds in its environment: this process's (which Airloom has already cut down, and which holds the
 * marker that leftovers are found by), facts of the attempt, and the author's own, which win.
 */
export function processEnvironment(
  context: TaskContext,
  own: Readonly<Record<string, unknown>> = {},
): Record<string, string> {
  const { run } = context;
  const facts = {
    AIRLOOM_DAG_ID: context.dagId,
    AIRLOOM_RUN_ID: context.runId,
    AIRLOOM_TASK_ID: context.taskId,
    AIRLOOM_MAP_INDEX: String(context.mapIndex),
    AIRLOOM_TRY_NUMBER: String(context.tryNumber),
    AIRLOOM_IDEMPOTENCY_KEY: context.idempotencyKey,
    ...(run.logicalDate && { AIRLOOM_LOGICAL_DATE: run.logicalDate.toISOString() }),
    ...(run.intervalStart && { AIRLOOM_INTERVAL_START: run.intervalStart.toISOString() }),
    ...(run.intervalEnd && { AIRLOOM_INTERVAL_END: run.intervalEnd.toISOString() }),
  };
  const entries = Object.entries({ PATH: usualPath, ...process.env, ...facts, ...own });
  return Object.fromEntries(entries.flatMap(([key, value]) => (value == null ? [] : [[key, environmentText(value)]])));
}

/** Dates as ISO-8601, objects and lists as JSON, everything else as it prints. */
function environmentText(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
