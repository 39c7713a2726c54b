import type { TaskInstanceVerbs } from "../task-instance-verbs.ts";
import { by, sortedUnique } from "./order.ts";
import type { Verbs } from "./verbs.ts";

type WorkerVerbs = Pick<TaskInstanceVerbs, "upsertWorker" | "listWorkers" | "deleteWorkers" | "touchWorker">;

export const workerVerbs: Verbs<WorkerVerbs> = {
  upsertWorker: async (at, [worker]) => {
    const now = at.clockNow();
    await at.tables.workers.upsert(at, worker.workerId, (existing) => ({
      ...worker,
      queues: [...worker.queues],
      startedAt: existing?.startedAt ?? now,
      heartbeatAt: now,
    }));
  },
  listWorkers: (at, [{ hostname }]) =>
    at.tables.workers
      .list(at)
      .filter((worker) => hostname === undefined || worker.hostname === hostname)
      .sort(by((worker) => [worker.workerId])),
  deleteWorkers: async (at, [workerIds]) => {
    for (const workerId of sortedUnique(workerIds)) await at.tables.workers.remove(at, workerId);
  },
  touchWorker: async (at, [workerId]) => {
    await at.tables.workers.update(at, workerId, (worker) => ({ ...worker, heartbeatAt: at.clockNow() }));
  },
};
