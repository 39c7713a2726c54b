import { AirloomError } from "@airloom/core";
import type { ClaimedRow, ClaimOptions, TaskInstanceRow } from "@airloom/store";
import type { RunsDeps } from "./deps.ts";
import { type Finish, type FinishResult, finishInRun, type PendingFinish } from "./finish.ts";

/** Where outcomes arrive: one lane per run, which batches what came in while its last commit was in flight, and never waits. */
export interface FinishLanes {
  /** Remembers instances as they were claimed here, so that their finish need not read them. */
  remember(instances: readonly ClaimedRow[]): void;
  /** @param claim what the slot that becomes free asks for: made in the same transaction where that can be, see `FinishResult.claimed`. */
  finish(finish: Finish, claim?: ClaimOptions): Promise<FinishResult>;
}

interface Waiting extends PendingFinish {
  readonly resolve: (result: FinishResult) => void;
  readonly reject: (error: unknown) => void;
}

/** @param remembered How many claimed instances are kept at most. @default 10_000 */
export function createFinishLanes(deps: RunsDeps, remembered = 10_000): FinishLanes {
  const claimed = new Map<string, ClaimedRow>();
  const lanes = new Map<number, Waiting[]>();

  async function drain(runKey: number, lane: Waiting[]): Promise<void> {
    while (lane.length > 0) await settle(deps, runKey, takeBatch(lane));
    lanes.delete(runKey);
  }

  return {
    remember(instances) {
      for (const instance of instances) claimed.set(instance.id, instance);
      for (const oldest of claimed.keys()) {
        if (claimed.size <= remembered) break;
        claimed.delete(oldest);
      }
    },
    async finish(finish, claim) {
      const known = claimed.get(finish.taskInstanceId);
      // Another API server may have handed out attempts since: what is remembered of an older one counts tries wrongly.
      const remembered = known?.attempt === finish.attempt ? known : null;
      const instance = remembered ?? (await findInstance(deps, finish));
      claimed.delete(finish.taskInstanceId);
      return new Promise((resolve, reject) => {
        const lane = lanes.get(instance.runKey);
        const run = remembered?.run;
        const waiting = { finish, instance, resolve, reject, ...(claim && { claim }), ...(run && { run }) };
        if (lane) {
          lane.push(waiting);
          return;
        }
        const opened = [waiting];
        lanes.set(instance.runKey, opened);
        void drain(instance.runKey, opened);
      });
    },
  };
}

/**
 * The next finishes of a lane, one of each instance: a repeated request may stand beside the slow first one, and is judged when that
 * one is recorded.
 */
function takeBatch(lane: Waiting[]): readonly Waiting[] {
  const batch = new Map<string, Waiting>();
  const later: Waiting[] = [];
  for (const waiting of lane) {
    const { taskInstanceId } = waiting.finish;
    if (batch.size < 200 && !batch.has(taskInstanceId)) batch.set(taskInstanceId, waiting);
    else later.push(waiting);
  }
  lane.splice(0, lane.length, ...later);
  return [...batch.values()];
}

/** One bad item must not fail the rest of its batch, nor a claim the finish: on error each is tried alone, at last without its claim. */
async function settle(deps: RunsDeps, runKey: number, batch: readonly Waiting[]): Promise<void> {
  try {
    const results = await finishInRun(deps, runKey, batch);
    batch.forEach((waiting, index) => {
      waiting.resolve(results[index] ?? { result: "fenced", queued: 0 });
    });
  } catch (error) {
    const [first, ...others] = batch;
    if (first && others.length === 0 && !first.claim) return first.reject(error);
    for (const { claim, ...waiting } of batch) {
      await settle(deps, runKey, [others.length > 0 && claim ? { ...waiting, claim } : waiting]);
    }
  }
}

async function findInstance(deps: RunsDeps, { taskInstanceId, attempt }: Finish): Promise<TaskInstanceRow> {
  const instance = await deps.store.tx((tx) => tx.findTaskInstance(taskInstanceId));
  if (!instance)
    throw new AirloomError("ATTEMPT_FENCED", { taskInstanceId, attempt, reason: "the task instance is gone" });
  return instance;
}
