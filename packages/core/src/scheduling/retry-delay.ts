import type { TaskSpec } from "../dag-spec/task-spec.ts";

/** No retry waits longer (Airflow: `core.max_task_retry_delay`), seconds. */
const maxRetryDelaySeconds = 86_400;

/** What the jitter is made of: the same instance and try always wait the same time. */
export interface RetryKey {
  readonly dagId: string;
  readonly taskId: string;
  readonly runId: string;
  readonly mapIndex: number;
}

type RetrySpec = Pick<TaskSpec, "retryDelaySeconds" | "retryBackoff" | "maxRetryDelaySeconds">;

/**
 * How long to wait after try `tryNumber` failed, seconds. Without backoff (0 or 1) the delay as it is. With a backoff `m`:
 * `least = max(1, ceil(delay · m^(try-1)))`, plus a jitter below `least`, at most a day, at most the task's maximum
 * (Airflow's rule, `TaskInstance.next_retry_datetime`). The jitter is another hash than Airflow's SHA-1, and mixes in the
 * map index, so that a thousand mapped instances that fail together do not come back together.
 * @example retryDelaySeconds({ retryDelaySeconds: 30, retryBackoff: 2, maxRetryDelaySeconds: null }, key, 3) // 120 … 239
 */
export function retryDelaySeconds(task: RetrySpec, key: RetryKey, tryNumber: number): number {
  const { retryDelaySeconds: delay, retryBackoff: factor, maxRetryDelaySeconds: most } = task;
  if (factor === 0 || factor === 1) return delay;
  const grown = delay === 0 ? 0 : delay * factor ** (tryNumber - 1);
  const least = Math.max(1, Math.ceil(Math.min(grown, maxRetryDelaySeconds)));
  const jitter = hash(`${key.dagId}#${key.taskId}#${key.runId}#${key.mapIndex}#${tryNumber}`) % least;
  return Math.min(least + jitter, maxRetryDelaySeconds, most ?? Number.POSITIVE_INFINITY);
}

/** FNV-1a with a final mix (MurmurHash3's), 32 bits: spreads well, needs no crypto, and `core` has none. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
