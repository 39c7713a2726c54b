import { memoryStore, publish, runsOver, someSpec, someTask, trigger } from "@airloom/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { admitHeld, prepareAdmission } from "./admit.ts";
import { advanceLocked } from "./advance-runs.ts";
import { lockRuns } from "./locked-run.ts";

/** What nobody waited for ends the API server: Node's default, which the test runner softens. */
const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
let others: NodeJS.UnhandledRejectionListener[] = [];

beforeEach(() => {
  unhandled.length = 0;
  others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", note);
});
afterEach(() => {
  process.off("unhandledRejection", note);
  for (const other of others) process.on("unhandledRejection", other);
});

/** Node tells of rejections when the turn's promises have settled. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A transaction that fails under a step that has sent several statements at once, as a stale finish makes it. */
async function failingUnder(act: (at: Awaited<ReturnType<typeof started>>) => Promise<unknown>) {
  const at = await started();
  await expect(act(at)).rejects.toThrow();
  await nextTurn();
  await nextTurn();
  return unhandled;
}

async function started() {
  const { store } = memoryStore();
  const under = runsOver(store);
  const tasks = [someTask({ id: "a" }), someTask({ id: "b", upstream: ["a"] })];
  const run = await trigger(under, await publish(store, someSpec({ tasks })));
  const [instance] = await store.tx((tx) => tx.listTaskInstances({ runKey: run.id }));
  if (!instance) throw new Error("the run has instances");
  return { store, deps: under.deps, run, instance };
}

test.each([
  ["nothing was asked for before, nothing scheduled", [], null],
  ["nothing was asked for before, something scheduled", null, null],
  ["all was asked for before", [], true],
  ["the limits were not asked for before", null, false],
] as const)("admission that fails leaves no rejection behind: %s", async (_, scheduled, expecting) => {
  const left = await failingUnder(({ store, deps, run, instance }) =>
    store.tx(async (tx) => {
      const held = await lockRuns(tx, deps, [run.id]);
      // Dooms the transaction: everything sent behind it is refused.
      const doomed = tx.insertTaskInstances([instance]);
      doomed.catch(() => {});
      const ahead = expecting === null ? null : prepareAdmission(tx, held, expecting);
      return admitHeld(tx, { held, scheduled, ahead });
    }),
  );
  expect(left).toEqual([]);
});

test.each([undefined, true, false])(
  "an advance that is thrown away while its statements are under way leaves no rejection behind (expecting: %s)",
  async (expecting) => {
    const left = await failingUnder(({ store, deps, run, instance }) =>
      store.tx(async (tx) => {
        const [locked] = await lockRuns(tx, deps, [run.id]);
        if (!locked) throw new Error("the run is there");
        const asked = expecting === undefined ? {} : { expecting };
        const advancing = advanceLocked(tx, deps, [{ run: locked.run, scope: "all", unfinishedDelta: 0, ...asked }]);
        // As `recordFinishes` does: a stale finish throws before this is waited for.
        advancing.catch(() => {});
        await tx.insertTaskInstances([instance]);
      }),
    );
    expect(left).toEqual([]);
  },
);
