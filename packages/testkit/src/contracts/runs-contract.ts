import type { DagSpec, TaskSpec } from "@airloom/core";
import { clearTasks, markTasks, rescueExpired, setRunState } from "@airloom/runs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publish } from "../factories/publish.ts";
import { someSpec, someTask } from "../factories/some-spec.ts";
import { type RunsUnderTest, runsOver, statesOf, trigger, type Work, work } from "../runs/drive-runs.ts";
import { atOncePromises } from "./runs/at-once.ts";
import { bulkheadPromises } from "./runs/bulkheads.ts";
import { changedMeanwhilePromises } from "./runs/changed-meanwhile.ts";
import { limitPromises } from "./runs/limits.ts";
import { mappingPromises } from "./runs/mapping.ts";
import { rulePromises } from "./runs/rules.ts";
import { type MakeRunsStore, type RunsGiven, runsGiven } from "./runs/runs-given.ts";
import { severalPromises } from "./runs/several.ts";
import { userPromises } from "./runs/user-words.ts";

const sections: Readonly<Record<string, (given: RunsGiven) => void>> = {
  "trigger rules and skips": rulePromises,
  "mapped tasks": mappingPromises,
  "limits and priorities": limitPromises,
  "clears, marks, time-outs and the past": userPromises,
  "one bad run among good ones": bulkheadPromises,
  "runs that changed since a claim": changedMeanwhilePromises,
  "several servers": severalPromises,
  "many at once": atOncePromises,
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What a run does from trigger to end, over a store of any kind: an imagined worker claims and finishes. */
export function runsContract(name: string, makeStore: MakeRunsStore): void {
  describe(`runs over ${name}`, () => {
    for (const [title, section] of Object.entries(sections)) describe(title, () => section(runsGiven(makeStore)));
    let opened: Awaited<ReturnType<MakeRunsStore>>;
    let under: RunsUnderTest;
    beforeAll(async () => {
      opened = await makeStore();
      under = runsOver(opened.store);
    });
    afterAll(() => opened.close());

    const run = async (tasks: readonly TaskSpec[], answer?: Work, given: Partial<DagSpec> = {}) => {
      const dag = await publish(opened.store, someSpec({ tasks, ...given }));
      const started = await trigger(under, dag);
      const ran = await work(under, answer);
      return { key: started.id, ran, states: await statesOf(opened.store, started.id), dag };
    };
    const task = (id: string, upstream: readonly string[] = [], given: Partial<TaskSpec> = {}) =>
      someTask({ id, upstream, ...given });
    const failing =
      (...ids: readonly string[]): Work =>
      ({ task }) =>
        ids.includes(task.id)
          ? { kind: "failed", retry: true, failure: { message: "no" }, fingerprint: "f" }
          : { kind: "succeeded" };

    test("a chain runs in its order and the run succeeds", async () => {
      const { ran, states } = await run([task("a"), task("b", ["a"]), task("c", ["b"])]);
      expect(ran).toEqual(["a", "b", "c"]);
      expect(states).toEqual({ "(run)": "success", a: "success", b: "success", c: "success" });
    });

    test("a failure stops what needs it, and the run fails", async () => {
      const { states } = await run([task("a"), task("b", ["a"]), task("c", ["b"]), task("d")], failing("a"));
      expect(states).toEqual({
        "(run)": "failed",
        a: "failed",
        b: "upstream_failed",
        c: "upstream_failed",
        d: "success",
      });
    });

    test("a failure that is handled below lets the run succeed", async () => {
      const { states } = await run([task("a"), task("b", ["a"], { triggerRule: "all_done" })], failing("a"));
      expect(states).toMatchObject({ "(run)": "success", a: "failed", b: "success" });
    });

    test("a failed try is repeated while retries are left", async () => {
      let tries = 0;
      const answer: Work = () =>
        ++tries < 3 ? { kind: "failed", retry: true, failure: {}, fingerprint: "f" } : { kind: "succeeded" };
      const { states, ran } = await run([task("a", [], { retries: 2, retryDelaySeconds: 0 })], answer);
      expect(states).toMatchObject({ "(run)": "success", a: "success" });
      expect(ran).toEqual(["a", "a", "a"]);
    });

    test("a branch skips what it did not choose, and the join after both runs", async () => {
      const tasks = [
        task("size", [], { kind: "branch", branches: { big: ["big"], small: ["small"] } }),
        task("big", ["size"]),
        task("small", ["size"]),
        task("join", ["big", "small"], { triggerRule: "none_failed_min_one_success" }),
      ];
      const { states } = await run(tasks, ({ task }) => ({
        kind: "succeeded",
        ...(task.id === "size" ? { decision: "big" } : {}),
      }));
      expect(states).toMatchObject({ "(run)": "success", big: "success", small: "skipped", join: "success" });
    });

    test("a short circuit skips everything below, however far", async () => {
      const tasks = [
        task("gate", [], { kind: "short_circuit" }),
        task("b", ["gate"]),
        task("c", ["b"], { triggerRule: "all_done" }),
      ];
      const { states } = await run(tasks, ({ task }) => ({
        kind: "succeeded",
        ...(task.id === "gate" ? { decision: false } : {}),
      }));
      expect(states).toMatchObject({ "(run)": "success", b: "skipped", c: "skipped" });
    });

    test("a mapped task becomes one instance per element, and its reader gets all values in order", async () => {
      const tasks = [
        task("list", [], { elementwise: true }),
        task("each", ["list"], { mapped: true, args: [{ kind: "xcom", task: "list" }] }),
        task("sum", ["each"], { args: [{ kind: "xcom", task: "each" }] }),
      ];
      const seen: unknown[] = [];
      const { states } = await run(tasks, (claimed) => {
        if (claimed.task.id === "sum") seen.push(claimed.inputs.inputs.each);
        if (claimed.task.id === "list") return { kind: "succeeded", value: bytes("[1,2,3]"), length: 3 };
        return { kind: "succeeded", value: bytes(String(claimed.instance.mapIndex)), length: 1 };
      });
      expect(states).toEqual({
        "(run)": "success",
        list: "success",
        sum: "success",
        "each[0]": "success",
        "each[1]": "success",
        "each[2]": "success",
      });
      const [list] = seen as { kind: string; items: Uint8Array[] }[];
      expect(list?.items.map((item) => new TextDecoder().decode(item))).toEqual(["0", "1", "2"]);
    });

    test("a mapped task over an empty list is skipped", async () => {
      const tasks = [task("list"), task("each", ["list"], { mapped: true, args: [{ kind: "xcom", task: "list" }] })];
      const { states } = await run(tasks, () => ({ kind: "succeeded", value: bytes("[]"), length: 0 }));
      expect(states).toEqual({ "(run)": "success", list: "success", each: "skipped" });
    });

    test("a wide fan-out keeps the run's limit and joins", async () => {
      const middle = Array.from({ length: 60 }, (_, index) => task(`m${index}`, ["start"]));
      const join = task("join", middle.map(({ id }) => id).sort());
      let live = 0;
      const { states } = await run(
        [task("start"), ...middle, join],
        () => {
          live += 1;
          return { kind: "succeeded" };
        },
        { maxActiveTasks: 7 },
      );
      expect(live).toBe(62);
      expect(states["(run)"]).toBe("success");
    });

    test("fail-fast ends what has not begun", async () => {
      const tasks = [
        task("a"),
        task("b", ["a"]),
        task("slow", [], { pool: "default_pool", priorityWeight: 0 }),
        task("after", ["slow"]),
      ];
      const { states } = await run(tasks, failing("a"), { failFast: true, maxActiveTasks: 1 });
      expect(states).toMatchObject({ "(run)": "failed", a: "failed" });
      expect(Object.values(states)).not.toContain("none");
    });

    test("clearing a finished task runs it and what follows again, and keeps its history", async () => {
      const { key, states } = await run([task("a"), task("b", ["a"]), task("c", ["b"])], failing("b"));
      expect(states).toMatchObject({ "(run)": "failed", b: "failed", c: "upstream_failed" });
      await clearTasks(under.deps, key, { tasks: [{ taskId: "b" }], includeDownstream: true });
      expect(await work(under)).toEqual(["b", "c"]);
      expect(await statesOf(opened.store, key)).toMatchObject({
        "(run)": "success",
        a: "success",
        b: "success",
        c: "success",
      });
      const attempts = await opened.store.tx(async (tx) => {
        const rows = await tx.listTaskInstances({ runKey: key, taskIds: ["b"] });
        return tx.listAttempts(rows[0]?.id ?? "");
      });
      expect(attempts.map((attempt) => attempt.outcome)).toEqual(["failed", "succeeded"]);
    });

    test("a dry run of a clear says what it would do and changes nothing", async () => {
      const { key } = await run([task("a"), task("b", ["a"])]);
      const planned = await clearTasks(under.deps, key, { tasks: null, dryRun: true });
      expect(planned.instances.map((row) => row.taskId).sort()).toEqual(["a", "b"]);
      expect(await statesOf(opened.store, key)).toMatchObject({ "(run)": "success", a: "success" });
    });

    test("marking a failed task successful lets the rest of the run go on", async () => {
      const { key } = await run([task("a"), task("b", ["a"])], failing("a"));
      await markTasks(under.deps, key, { tasks: [{ taskId: "a" }], to: "success" });
      expect(await work(under)).toEqual(["b"]);
      expect(await statesOf(opened.store, key)).toMatchObject({ "(run)": "success", a: "success", b: "success" });
    });

    test("marking a run failed ends everything in it", async () => {
      const dag = await publish(opened.store, someSpec({ tasks: [task("a"), task("b", ["a"])] }));
      const { id } = await trigger(under, dag);
      await setRunState(under.deps, id, "failed");
      expect(await work(under)).toEqual([]);
      expect((await statesOf(opened.store, id))["(run)"]).toBe("failed");
    });

    test("an outcome told twice is recorded once, and a stranger's is refused", async () => {
      const dag = await publish(opened.store, someSpec({ tasks: [task("a")] }));
      const { id } = await trigger(under, dag);
      let told: Promise<string> | undefined;
      await work(under, ({ instance }) => {
        told = Promise.resolve(instance.id);
        return { kind: "succeeded" };
      });
      const taskInstanceId = (await told) ?? "";
      const row = await opened.store.tx((tx) => tx.findTaskInstance(taskInstanceId));
      const again = { taskInstanceId, attempt: row?.attempt ?? 0, tokenHash: "x", xcoms: [] };
      expect(await under.lanes.finish({ ...again, outcome: { kind: "succeeded" } })).toMatchObject({
        result: "repeated",
      });
      expect(await under.lanes.finish({ ...again, attempt: 99, outcome: { kind: "succeeded" } })).toMatchObject({
        result: "fenced",
      });
      expect((await statesOf(opened.store, id)).a).toBe("success");
    });

    test("a lost attempt uses no try and runs again; three losses in one try count as a failure", async () => {
      let seen = 0;
      const { states, ran } = await run([task("a")], () =>
        ++seen < 3 ? { kind: "lost", reason: "gone" } : { kind: "succeeded" },
      );
      expect(states).toMatchObject({ "(run)": "success", a: "success" });
      expect(ran).toEqual(["a", "a", "a"]);
      const lost = await run([task("a")], () => ({ kind: "lost", reason: "gone" }));
      expect(lost.states).toMatchObject({ "(run)": "failed", a: "failed" });
    });

    test("nothing is rescued while leases are alive", async () => {
      expect(await rescueExpired(under.deps)).toBe(0);
    });

    test("a task that depends on the past waits for the run before, and goes on when it is done", async () => {
      const dag = await publish(opened.store, someSpec({ tasks: [task("a", [], { dependsOnPast: true })] }));
      const on = (day: string) => ({ logicalDate: new Date(day), runAfter: new Date(day) });
      const first = await trigger(under, dag, on("2026-01-01"));
      const second = await trigger(under, dag, on("2026-01-02"));
      expect((await statesOf(opened.store, second.id)).a).toBe("none");
      expect(await work(under)).toEqual(["a", "a"]);
      expect((await statesOf(opened.store, first.id))["(run)"]).toBe("success");
      expect((await statesOf(opened.store, second.id))["(run)"]).toBe("success");
    });

    test("a Dag's limit of active runs holds back the next, which starts when one ends", async () => {
      const dag = await publish(opened.store, someSpec({ maxActiveRuns: 1, tasks: [task("a")] }));
      const first = await trigger(under, dag);
      const second = await trigger(under, dag);
      const state = async (key: number) => (await statesOf(opened.store, key))["(run)"];
      expect([await state(first.id), await state(second.id)]).toEqual(["running", "queued"]);
      await work(under);
      expect([await state(first.id), await state(second.id)]).toEqual(["success", "success"]);
    });
  });
}
