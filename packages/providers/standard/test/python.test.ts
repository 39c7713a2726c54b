import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { dag, type Ref, task } from "@airloom/sdk";
import { evaluateDag } from "@airloom/sdk/runtime";
import { runTask, type TaskTrial } from "@airloom/testkit";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { python } from "../src/index.ts";
import { processesWith } from "./processes.ts";

const script = new URL("./fixtures/model.py", import.meta.url);
const folder = dirname(fileURLToPath(script));

const call = (name: string, input: unknown = null): Promise<TaskTrial> =>
  runTask(() => python("p", { script, function: name, input }));

describe("a Python function", () => {
  test("gets its input as JSON, returns JSON that is checked and typed, and logs as it goes", async () => {
    const rows = task("rows", () => [new Date(0)]);
    const output = z.object({ loss: z.number(), seen: z.unknown(), at: z.string() });
    const trial = await runTask(
      () => {
        const result: Ref<{ loss: number }> = python("p", {
          script,
          function: "train",
          input: { name: "m", rows: rows(), n: 5n },
          output,
        });
        return result;
      },
      { inputs: { rows: [new Date(0)] } },
    );
    expect(trial.outcome).toEqual({ kind: "succeeded" });
    expect(trial.value).toEqual({
      loss: 0.25,
      seen: { name: "m", rows: ["1970-01-01T00:00:00.000Z"], n: "5" },
      at: "2026-01-02",
    });
    expect(trial.log.map(({ source, msg }) => [source, msg])).toEqual(
      expect.arrayContaining([
        ["stdout", "training m"],
        ["stderr", "careful"],
      ]),
    );
  });

  test("whose result does not fit the schema fails", async () => {
    const { outcome } = await runTask(() =>
      python("p", { script, function: "train", input: { name: "m" }, output: z.object({ loss: z.string() }) }),
    );
    expect(outcome).toMatchObject({ kind: "failed", error: { name: "InvalidOutput" } });
  });

  test("of a module is found on the Python path", async () => {
    const trial = await runTask(() =>
      python("p", { module: "model", function: "train", input: { name: "m" }, env: { PYTHONPATH: folder } }),
    );
    expect(trial.value).toMatchObject({ loss: 0.25 });
  });

  test("may return nothing", async () => {
    expect((await call("nothing")).value).toBe(null);
  });

  test.each([
    ["broken", "python3 ended with exit code 1: ValueError: bad data"],
    ["odd", "python3 ended with exit code 1: TypeError: a object cannot be returned: it has no JSON form"],
    ["not_a_number", "python3 ended with exit code 1: ValueError: Out of range float values are not JSON compliant"],
    ["gone", "has no function gone"],
  ])("%s fails with Python's own words", async (name, message) => {
    expect((await call(name)).outcome).toMatchObject({
      kind: "failed",
      retry: true,
      error: { name: "ProcessError", message: expect.stringContaining(message) },
    });
  });

  test("may print a line of 50 MB", async () => {
    const trial = await call("noisy");
    expect(trial.value).toBe("done");
    expect(trial.log[0]?.msg.length).toBeLessThan(70_000);
  });

  test("is ended by a cancel", async () => {
    const controller = new AbortController();
    const trial = await runTask(() => python("p", { script, function: "forever" }), {
      signal: controller.signal,
      onLog: ({ msg }) => {
        if (msg === "ready") controller.abort(new Error("stopped"));
      },
    });
    expect(trial.outcome).toMatchObject({ kind: "failed", error: { message: "stopped" } });
    // The bootstrap is in the command line.
    expect(processesWith("AIRLOOM_OUTPUT_FD")).toEqual([]);
  });
});

describe("a Python script", () => {
  test("reads stdin and writes its result to a descriptor of its own", async () => {
    const trial = await runTask(() => python("p", { script, input: [1], args: ["--fast"] }));
    expect(trial.value).toEqual({ given: [1], folder });
    expect(trial.log[0]?.msg).toBe("as a script ['--fast']");
  });

  test("stays out of the Spec: where it lies differs between machines", () => {
    const { spec } = evaluateDag(dag("d", {}, () => python("p", { script, input: 1 })));
    expect(spec.tasks[0]?.args).toEqual([{ kind: "value", value: { input: 1 } }]);
    expect(spec.tasks[0]?.operator).toBe("python");
  });
});

test("an interpreter that is not there is named", async () => {
  const { outcome } = await runTask(() => python("p", { script, python: "python9" }));
  expect(outcome).toMatchObject({ error: { message: expect.stringContaining('"python9" could not be started') } });
});
