import { expect, test } from "vitest";
import { publish } from "../../factories/publish.ts";
import { someId } from "../../factories/some-id.ts";
import { someRun } from "../../factories/some-run.ts";
import { someTaskInstance } from "../../factories/some-task-instance.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

export function candidatePromises(given: StoreUnderTest): void {
  type Filter = Parameters<Parameters<Parameters<typeof given.tx>[0]>[0]["listCandidates"]>[0];
  const list = async (filter: Partial<Filter>) =>
    (await given.tx((tx) => tx.listCandidates({ limit: 1_000, perRun: 1_000, ...filter }))).map((row) => row.id);
  const scheduled = async (runKey: Awaited<ReturnType<typeof someRun>>, priority = 1, pool = "default_pool") =>
    (await someTaskInstance(given.store, { run: runKey, priority, pool, state: "scheduled" })).id;

  test("scheduled instances come best first: higher priority, then longer scheduled", async () => {
    const runs = [await someRun(given.store), await someRun(given.store)] as const;
    const [a, b, c, d] = [
      await scheduled(runs[0], 1),
      await scheduled(runs[1], 5),
      await scheduled(runs[0], 3),
      await scheduled(runs[0], 5),
    ];
    const runKeys = runs.map((run) => run.id);
    expect(await list({ runKeys })).toEqual([b, d, c, a]);
    expect(await list({ runKeys, limit: 2 })).toEqual([b, d]);
    expect(await list({ runKeys: [runs[1].id] })).toEqual([b]);
    expect(await list({ runKeys: [] })).toEqual([]);
  });

  test("one run gives no more than its share, its best", async () => {
    const runs = [await someRun(given.store), await someRun(given.store)] as const;
    const wide = [await scheduled(runs[0], 9), await scheduled(runs[0], 8), await scheduled(runs[0], 7)];
    const narrow = await scheduled(runs[1], 1);
    expect(await list({ runKeys: runs.map((run) => run.id), perRun: 2 })).toEqual([wide[0], wide[1], narrow]);
    expect(await list({ runKeys: runs.map((run) => run.id), perRun: 2, limit: 2 })).toEqual([wide[0], wide[1]]);
  });

  test("excluded pools and runs are left out", async () => {
    const runs = [await someRun(given.store), await someRun(given.store)] as const;
    const full = someId("pool");
    const [a, b, c] = [await scheduled(runs[0]), await scheduled(runs[0], 1, full), await scheduled(runs[1])];
    const runKeys = runs.map((run) => run.id);
    expect(await list({ runKeys, excludePools: [full] })).toEqual([a, c]);
    expect(await list({ runKeys, excludeRunKeys: [runs[0].id] })).toEqual([c]);
    expect(await list({ runKeys, excludeRunKeys: [], excludePools: [] })).toEqual([a, b, c]);
  });

  test("only scheduled instances of running runs of unpaused Dags are candidates", async () => {
    const dag = await publish(given.store);
    const [queued, running] = [
      await someRun(given.store, { dag, state: "queued" }),
      await someRun(given.store, { dag }),
    ];
    await scheduled(queued);
    await someTaskInstance(given.store, { run: running, state: "queued" });
    await someTaskInstance(given.store, { run: running });
    const id = await scheduled(running);
    const runKeys = [queued.id, running.id];
    expect(await list({ runKeys })).toEqual([id]);
    expect(await list({})).toContain(id);
    await given.tx((tx) => tx.setPaused([dag.dagId], true));
    expect(await list({ runKeys })).toEqual([]);
    expect(await list({})).not.toContain(id);
    await given.tx((tx) => tx.setPaused([dag.dagId], false));
    expect(await list({ runKeys })).toEqual([id]);
    await given.tx((tx) => tx.keepDagsOfFile(dag.file, []));
    expect(await list({ runKeys })).toEqual([id]);
    await given.tx((tx) => tx.moveRun({ runKey: running.id, from: "running", to: "failed" }));
    expect(await list({ runKeys })).toEqual([]);
  });
}
