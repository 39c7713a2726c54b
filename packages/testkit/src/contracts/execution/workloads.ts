import type { TaskSpec } from "@airloom/core";
import { decodeValue, encodeValue, type InputValue, unpackMessage } from "@airloom/wire";
import { expect, test } from "vitest";
import { publish } from "../../factories/publish.ts";
import { someId } from "../../factories/some-id.ts";
import { someSpec, someTask } from "../../factories/some-spec.ts";
import { trigger } from "../../runs/drive-runs.ts";
import { type ExecutionUnderTest, type Held, returned, returnedApart, succeeded } from "./execution-under-test.ts";

const from = (task: string): TaskSpec["args"] => [{ kind: "xcom", task }];
const reader = (source: string, given: Partial<TaskSpec> = {}): Partial<TaskSpec> => ({
  id: "reader",
  upstream: [source],
  args: from(source),
  ...given,
});

/** An input with its values decoded. */
function shown(input: InputValue | undefined): unknown {
  if (input?.kind === "value" || input?.kind === "element") return [input.kind, decodeValue(input.bytes)];
  if (input?.kind === "list") return ["list", input.items.map((item) => item && decodeValue(item))];
  return input;
}

const inputOf = ({ workload }: Held, source: string): unknown => shown(workload.inputs[source]);

/** More than travels along with a workload. */
const large = "x".repeat(100_000);

export function workloadPromises(given: ExecutionUnderTest): void {
  const fetched = async ({ ref, workload }: Held, source: string): Promise<unknown> => {
    const input = workload.inputs[source];
    if (input?.kind !== "ref") throw new Error(`${source} came along: ${JSON.stringify(input)}`);
    const answer = await given.execution.fetchValue(ref, input.ref);
    expect(await given.execution.fetchValue(ref, input.ref)).toEqual(answer);
    return shown(unpackMessage(answer) as InputValue);
  };
  /** Finishes the first task of a run and claims what follows. */
  const after = async (
    tasks: readonly Partial<TaskSpec>[],
    value: Parameters<ExecutionUnderTest["finish"]>[2],
    slots = 1,
  ) => {
    const { queue } = await given.start(tasks);
    await given.finish(await given.claimOne(queue), succeeded, value);
    const held = await given.claim(queue, { slots });
    return held.toSorted((a, b) => a.workload.mapIndex - b.workload.mapIndex);
  };

  test("an upstream's value", async () => {
    const [held] = await after([{ id: "source" }, reader("source")], [returned({ rows: 3, at: new Date(0) })]);
    expect(held && inputOf(held, "source")).toEqual(["value", { rows: 3, at: new Date(0) }]);
    expect(held?.workload.elementIndexes).toEqual([]);
  });

  test("nothing, when the upstream left no value", async () => {
    const [held] = await after([{ id: "source" }, reader("source")], []);
    expect(held?.workload.inputs).toEqual({ source: { kind: "none" } });
  });

  test("no input for an upstream that no argument names", async () => {
    const [held] = await after([{ id: "source" }, { id: "reader", upstream: ["source"] }], [returned(1)]);
    expect(held?.workload.inputs).toEqual({});
  });

  test("values that stand deep inside arguments", async () => {
    const inside: TaskSpec["args"] = [
      { kind: "object", entries: { list: { kind: "array", items: [{ kind: "xcom", task: "source" }] } } },
    ];
    const [held] = await after([{ id: "source" }, reader("source", { args: inside })], [returned("deep")]);
    expect(held && inputOf(held, "source")).toEqual(["value", "deep"]);
  });

  test("a list whose elements stand apart, as a whole", async () => {
    const [held] = await after(
      [{ id: "source", elementwise: true }, reader("source")],
      [returnedApart([1, "b", null])],
    );
    expect(held && inputOf(held, "source")).toEqual(["list", [1, "b", null]]);
  });

  test.each([
    ["a list in one piece (the whole, to pick from)", returned(["a", "b", "c"])],
    ["a list whose elements stand apart", returnedApart(["a", "b", "c"])],
  ])("for each mapped instance its own element of %s", async (_, list) => {
    const tasks = [{ id: "source", elementwise: true }, reader("source", { mapped: true })];
    const held = await after(tasks, [list], 3);
    expect(held.map(({ workload }) => [workload.mapIndex, workload.elementIndexes])).toEqual([
      [0, [0]],
      [1, [1]],
      [2, [2]],
    ]);
    const expected = ["a", "b", "c"].map((item) =>
      list.value.kind === "elements" ? ["element", item] : ["value", ["a", "b", "c"]],
    );
    expect(held.map((one) => inputOf(one, "source"))).toEqual(expected);
  });

  test("the element of each list for a cross product, the first list slowest", async () => {
    const tasks = [
      { id: "source", elementwise: true },
      reader("source", {
        mapped: true,
        args: [...from("source"), { kind: "value", value: ["x", "y", "z"] }],
      }),
    ];
    const held = await after(tasks, [returnedApart(["a", "b"])], 6);
    expect(held.map(({ workload }) => workload.elementIndexes)).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 1],
      [1, 2],
    ]);
    expect(held.map((one) => inputOf(one, "source"))).toEqual(
      ["a", "a", "a", "b", "b", "b"].map((item) => ["element", item]),
    );
  });

  test("the values of a mapped task in the order of its instances, with a gap where there is none", async () => {
    const { queue } = await given.start([
      { id: "each", mapped: true, args: [{ kind: "value", value: [1, 2, 3] }] },
      reader("each", { triggerRule: "all_done" }),
    ]);
    const each = await given.claim(queue, { slots: 3 });
    for (const held of each.toReversed()) {
      const { mapIndex } = held.workload;
      if (mapIndex === 1) await given.finish(held, { kind: "skipped", reason: "none today" });
      else await given.finish(held, succeeded, [returned(`value ${mapIndex}`)]);
    }
    expect(inputOf(await given.claimOne(queue), "each")).toEqual(["list", ["value 0", null, "value 2"]]);
  });

  test("the value of its own index, for who is mapped over a mapped task", async () => {
    const { queue } = await given.start([
      { id: "each", mapped: true, args: [{ kind: "value", value: [1, 2] }] },
      reader("each", { mapped: true }),
    ]);
    for (const held of await given.claim(queue, { slots: 2 }))
      await given.finish(held, succeeded, [returned(held.workload.mapIndex * 10)]);
    const held = await given.claim(queue, { slots: 2 });
    const ordered = held.toSorted((a, b) => a.workload.mapIndex - b.workload.mapIndex);
    expect(ordered.map((one) => inputOf(one, "each"))).toEqual([
      ["element", 0],
      ["element", 10],
    ]);
  });

  test("a reference to a large value, which is fetched", async () => {
    const [held] = await after([{ id: "source" }, reader("source")], [returned(large)]);
    expect(held && (await fetched(held, "source"))).toEqual(["value", large]);
  });

  test("a reference to a large list whose elements stand apart", async () => {
    const items = Array.from({ length: 30 }, (_, index) => `${index} ${"y".repeat(5_000)}`);
    const [held] = await after([{ id: "source", elementwise: true }, reader("source")], [returnedApart(items)]);
    expect(held && (await fetched(held, "source"))).toEqual(["list", items]);
  });

  test("a reference to large values of a mapped task", async () => {
    const { queue } = await given.start([
      { id: "each", mapped: true, args: [{ kind: "value", value: [1, 2] }] },
      reader("each"),
      { ...reader("each", { mapped: true }), id: "one" },
    ]);
    for (const held of await given.claim(queue, { slots: 2 }))
      await given.finish(held, succeeded, [returned(`${held.workload.mapIndex} ${large}`)]);
    const values = [`0 ${large}`, `1 ${large}`];
    for (const held of await given.claim(queue, { slots: 3 })) {
      const { task, mapIndex } = held.workload;
      const expected = task.id === "one" ? ["element", values[mapIndex]] : ["list", values];
      expect(await fetched(held, "each")).toEqual(expected);
    }
  });

  test("what is fetched is the attempt's own: strangers and other names are refused", async () => {
    const [held] = await after([{ id: "source" }, reader("source")], [returned(large)]);
    if (!held) throw new Error("nothing was claimed");
    await expect(given.execution.fetchValue(held.ref, "else")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(given.execution.fetchValue({ ...held.ref, token: "x" }, "source")).rejects.toMatchObject({
      code: "ATTEMPT_FENCED",
    });
  });

  test("the run's facts, and its params: the Dag's defaults with the run's conf over them", async () => {
    const queue = someId("queue");
    const spec = someSpec({
      tasks: [someTask({ id: "a", queue, retries: 2 })],
      params: { schema: { type: "object" }, defaults: { region: "eu", depth: 1 } },
    });
    const dag = await publish(given.store, spec, { artifactId: "artifact" });
    const at = new Date("2026-03-01T06:00:00Z");
    const run = await trigger(given.made.runs, dag, {
      runId: "manual__x",
      logicalDate: at,
      intervalStart: at,
      intervalEnd: at,
      conf: { depth: 2, extra: [1] },
    });
    const { workload } = await given.claimOne(queue);
    expect(workload).toMatchObject({
      kind: "task",
      dagId: dag.dagId,
      artifactId: "artifact",
      mapIndex: -1,
      tryNumber: 1,
      maxTries: 2,
      params: { region: "eu", depth: 2, extra: [1] },
      task: spec.tasks[0],
    });
    expect(workload.run).toEqual({
      runId: "manual__x",
      runType: "manual",
      logicalDate: at.toISOString(),
      intervalStart: at.toISOString(),
      intervalEnd: at.toISOString(),
      runAfter: run.runAfter.toISOString(),
      conf: { depth: 2, extra: [1] },
      clearNumber: 0,
    });
  });

  test("variables that arguments name: the environment's first, null for those that nobody set", async () => {
    const { deps } = given.made;
    for (const [key, value] of [
      ["region", "of the store"],
      ["greeting", "hello"],
    ] as const)
      await given.store.tx((tx) =>
        tx.putVariable({ key, value: deps.secrets.encrypt(value, `variable.${key}.value`), description: null }),
      );
    const { queue } = await given.start([
      { id: "a", args: ["region", "greeting", "nobody"].map((key) => ({ kind: "variable", key })) },
    ]);
    const { workload } = await given.claimOne(queue);
    expect(workload.variables).toEqual({ region: "of the environment", greeting: "hello", nobody: null });
  });

  test("bytes arrive as they were sent", async () => {
    const bytes = encodeValue(new Uint8Array([0, 1, 255, 128]));
    const value = { key: "return_value", value: { kind: "value" as const, bytes }, length: null };
    const [held] = await after([{ id: "source" }, reader("source")], [value]);
    expect(held && inputOf(held, "source")).toEqual(["value", new Uint8Array([0, 1, 255, 128])]);
  });
}
