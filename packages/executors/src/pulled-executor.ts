import type { Timers } from "@airloom/core";
import type { Store } from "@airloom/store";
import type { Executor, ExecutorReport } from "./executor.ts";

export interface PulledExecutorOptions {
  readonly name: string;
  readonly store: Store;
  readonly timers: Timers;
  /** Attempts that may be queued or running at once; 0 = no limit. */
  readonly parallelism: number;
  /** What is queued and unclaimed is offered again this often, ms: hints may be lost. @default 5_000 */
  readonly offerEveryMs?: number;
}

/** A worker silent so long does not count, ms. */
const silentMs = 60_000;

/** The executor whose workers pull over the execution contract: all it has to do is keep its limit and repeat its offer. */
export function createPulledExecutor({
  name,
  store,
  timers,
  parallelism,
  offerEveryMs = 5_000,
}: PulledExecutorOptions): Executor {
  let forget = () => {};
  let stopped = false;

  const offer = async (): Promise<void> => {
    const queued = await store.tx((tx) => tx.countQueued(name));
    if (queued > 0) store.hint("queued");
  };

  const repeat = (): void => {
    if (stopped) return;
    forget = timers.after(offerEveryMs, () => {
      offer().then(repeat, repeat);
    });
  };

  return {
    name,
    async start() {
      await store.tx((tx) => tx.upsertExecutor({ name, parallelism }));
      repeat();
    },
    async stop() {
      stopped = true;
      forget();
    },
    offer,
    withdraw: (taskInstanceIds) => withdraw(store, name, taskInstanceIds),
    inspect: () => inspect(store, name, parallelism),
  };
}

async function withdraw(store: Store, executor: string, ids: readonly string[]): Promise<number> {
  const moved = await store.tx(async (tx) => {
    const found = await Promise.all(ids.map((id) => tx.findTaskInstance(id)));
    const queued = found.flatMap((row) => (row && row.state === "queued" && row.executor === executor ? [row] : []));
    if (queued.length === 0) return [];
    return tx.moveTaskInstances(
      queued.map(({ id, attempt }) => ({
        id,
        from: "queued" as const,
        attempt,
        to: "scheduled" as const,
        set: { code: "withdrawn" },
      })),
    );
  });
  if (moved.length > 0) store.hint("admission");
  return moved.length;
}

async function inspect(store: Store, name: string, parallelism: number): Promise<ExecutorReport> {
  return store.tx(async (tx) => {
    const [queued, slots, workers] = await Promise.all([
      tx.countQueued(name),
      tx.countLiveSlots({ executors: [name], pools: [], runKeys: [], tasks: [], runTasks: [] }),
      tx.listWorkers({}),
    ]);
    const awake = workers.filter(
      (worker) => worker.executor === name && tx.now.getTime() - worker.heartbeatAt.getTime() < silentMs,
    );
    return {
      parallelism,
      queued,
      live: slots.executors.get(name) ?? 0,
      slots: awake.reduce((sum, worker) => sum + worker.slots, 0),
    };
  });
}
