import { decodeValue, encodeValue, type InputValue, type TaskWorkload, type XComOutput } from "@airloom/wire";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { evaluateDag } from "../find-dags.ts";
import {
  branch,
  context,
  type DagOptions,
  dag,
  empty,
  type FactRef,
  fail,
  operator,
  type ParamRef,
  shortCircuit,
  skip,
  type TaskContext,
  task,
} from "../index.ts";
import { type NodeResult, runNode } from "./run-node.ts";
import type { ContextHost, LogEntry } from "./task-context.ts";

type Body = Parameters<typeof dag>[2];

interface Around {
  readonly options?: DagOptions;
  readonly workload?: Partial<TaskWorkload>;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly host?: Partial<ContextHost>;
}

const value = (of: unknown): InputValue => ({ kind: "value", bytes: encodeValue(of) });

const emptyHost: ContextHost = {
  signal: new AbortController().signal,
  log: () => undefined,
  getVariable: async () => null,
  getConnection: async () => null,
  pullXCom: async () => null,
  pushXCom: async () => undefined,
  fetchValue: async () => new Uint8Array(),
};

/** Runs one node of a Dag as a runner would. */
async function run(taskId: string, body: Body, around: Around = {}): Promise<NodeResult> {
  const { spec, nodes } = evaluateDag(dag("test", around.options ?? {}, body));
  const node = nodes.get(taskId);
  const found = spec.tasks.find(({ id }) => id === taskId);
  if (!node || !found) throw new Error(`no task ${taskId}`);
  const workload: TaskWorkload = {
    kind: "task",
    taskInstanceId: "ti",
    attempt: 2,
    tokenHash: "",
    leaseMs: 1_000,
    artifactId: "a",
    dagId: spec.dagId,
    task: found,
    mapIndex: -1,
    tryNumber: 1,
    maxTries: 3,
    run: {
      runId: "manual__1",
      runType: "manual",
      logicalDate: "2026-01-02T00:00:00.000Z",
      intervalStart: null,
      intervalEnd: null,
      runAfter: "2026-01-02T00:00:00.000Z",
      conf: {},
      clearNumber: 4,
    },
    params: spec.params.defaults,
    variables: {},
    inputs: Object.fromEntries(Object.entries(around.inputs ?? {}).map(([id, of]) => [id, value(of)])),
    elementIndexes: [],
    ...around.workload,
  };
  return runNode({ node, workload, host: { ...emptyHost, ...around.host } });
}

const decoded = (xcoms: readonly XComOutput[]): Record<string, unknown> =>
  Object.fromEntries(
    xcoms.map((xcom) => [
      xcom.key,
      xcom.value.kind === "value" ? decodeValue(xcom.value.bytes) : xcom.value.items.map(decodeValue),
    ]),
  );

const failure = (result: NodeResult) => {
  if (result.outcome.kind !== "failed") throw new Error(`not failed but ${result.outcome.kind}`);
  return { ...result.outcome.error, retry: result.outcome.retry };
};

/** Bodies here are typed without params. */
const paramRefs = (refs: FactRef<unknown>) => refs as ParamRef<{ day: Date; mail: { to: string } }>;

const give = task("give", (of: unknown) => of as Date);

describe("arguments", () => {
  test("come from constants, facts, params, variables and upstream values, at any depth", async () => {
    const rows = task("rows", () => [new Date(5)]);
    const result = await run(
      "give",
      ({ run: facts, params, variables }) =>
        give({
          c: new Map([["a", 1n]]),
          day: facts.logicalDate,
          p: [params, paramRefs(params).mail.to],
          v: variables("bucket"),
          x: { rows: rows() },
        }),
      {
        options: { params: z.object({ mail: z.object({ to: z.string() }).default({ to: "me" }) }) },
        inputs: { rows: [new Date(5)] },
        workload: { variables: { bucket: "b" } },
      } as Around,
    );
    expect(result.outcome).toEqual({ kind: "succeeded" });
    expect(result.value).toStrictEqual({
      c: new Map([["a", 1n]]),
      day: new Date("2026-01-02"),
      p: [{ mail: { to: "me" } }, "me"],
      v: "b",
      x: { rows: [new Date(5)] },
    });
  });

  test("that are params went through the Dag's schema", async () => {
    const params = z.object({ day: z.iso.date().transform((text) => new Date(text)) });
    const body: Body = ({ params: refs }) => give(paramRefs(refs).day);
    const around = { options: { params } };
    const good = await run("give", body, { ...around, workload: { params: { day: "2026-01-31" } } });
    expect(good.value).toEqual(new Date("2026-01-31"));
    const bad = await run("give", body, { ...around, workload: { params: { day: "soon" } } });
    expect(failure(bad)).toMatchObject({ kind: "invalid_input", name: "InvalidParams", retry: false });
    expect(failure(bad).message).toContain("at day");
  });

  test("too large to travel are fetched, once", async () => {
    const asked: string[] = [];
    const fetchValue = async (ref: string) => {
      asked.push(ref);
      return encodeValue("large");
    };
    const body: Body = () => {
      const one = empty("one");
      give([one, one]);
    };
    const result = await run("give", body, {
      workload: { inputs: { one: { kind: "ref", ref: "r1" } } },
      host: { fetchValue },
    });
    expect(result.value).toEqual(["large", "large"]);
    expect(asked).toEqual(["r1"]);
  });

  test("are undefined where an upstream left nothing, and lists leave out instances that did", async () => {
    const body: Body = () => {
      const [a, b] = [empty("a"), empty("b")];
      give([a, b]);
    };
    const list: InputValue = { kind: "list", items: [encodeValue(1), null, encodeValue(undefined)] };
    const result = await run("give", body, { workload: { inputs: { a: { kind: "none" }, b: list } } });
    expect(result.value).toStrictEqual([undefined, [1, undefined]]);
  });

  test("of a mapped instance are its elements", async () => {
    const pair = task("pair", (n: number, more: unknown, word: string) => [n, more, word]);
    const numbers = task("numbers", () => [1, 2]);
    const body: Body = ({ run: facts }) => pair.expand(numbers(), ["x", facts.runId], ["a", "b"]);
    const around = (inputs: TaskWorkload["inputs"], elementIndexes: readonly number[]) => ({
      workload: { inputs, elementIndexes, mapIndex: 3 },
    });
    const element = { numbers: { kind: "element", bytes: encodeValue(2) } } as const;
    expect((await run("pair", body, around(element, [1, 1, 0]))).value).toEqual([2, "manual__1", "a"]);
    expect((await run("pair", body, around({ numbers: value([7, 8]) }, [1, 0, 1]))).value).toEqual([8, "x", "b"]);
    const list = { numbers: { kind: "list", items: [encodeValue(4), encodeValue(5)] } } as const;
    expect((await run("pair", body, around(list, [0, 0, 0]))).value).toEqual([4, "x", "a"]);
    const gone = await run("pair", body, around({ numbers: value([7]) }, [1, 0, 0]));
    expect(failure(gone)).toMatchObject({ kind: "invalid_input", retry: false });
  });

  test.each<[string, Body, string]>([
    [
      "a variable that is not set",
      ({ variables }) => give(variables("gone")),
      'variable "gone" is an argument and is not set',
    ],
    [
      "a logical date the run has not",
      ({ run: facts }) => give(facts.intervalStart),
      "run.intervalStart is an argument",
    ],
  ])("need %s", async (_name, body, message) => {
    const error = failure(await run("give", body));
    expect(error).toMatchObject({ kind: "invalid_input", retry: false });
    expect(error.message).toContain(message);
  });

  test("that do not fit the input schema fail for good, with the place", async () => {
    const strict = task(
      "strict",
      { input: z.object({ rows: z.array(z.number()) }) },
      (of: { rows: number[] }) => of.rows,
    );
    const error = failure(await run("strict", () => strict({ rows: [1, "2" as unknown as number] })));
    expect(error).toMatchObject({ kind: "invalid_input", name: "InvalidInput", retry: false });
    expect(error.message).toContain("rows[1]");
    const both = task("both", { input: z.tuple([z.number(), z.coerce.string()]) }, (a: number, b: string) => [a, b]);
    expect((await run("both", () => both(1, 2 as unknown as string))).value).toEqual([1, "2"]);
  });
});

describe("what a function does becomes an outcome", () => {
  const outcomeOf = async (fn: () => unknown) => run("t", () => task("t", fn as () => Date)());

  test("returning succeeds, and leaves the value", async () => {
    const result = await outcomeOf(async () => ({ at: new Date(1) }));
    expect(result.outcome).toEqual({ kind: "succeeded" });
    expect(decoded(result.xcoms)).toStrictEqual({ return_value: { at: new Date(1) } });
  });

  test("returning nothing leaves nothing; a list tells its length", async () => {
    expect((await outcomeOf(() => undefined)).xcoms).toEqual([]);
    expect((await outcomeOf(() => [1, 2])).xcoms[0]?.length).toBe(2);
    expect((await outcomeOf(() => "ab")).xcoms[0]?.length).toBe(null);
  });

  test("throwing fails with name, message, stack and causes", async () => {
    const error = failure(
      await outcomeOf(() => {
        throw new TypeError("outer", { cause: new RangeError("inner") });
      }),
    );
    expect(error).toMatchObject({ kind: "error", name: "TypeError", message: "outer", retry: true });
    expect(error.stack).toMatch(/TypeError: outer[\s\S]*run-node.test.ts[\s\S]*Caused by: RangeError: inner/);
  });

  test.each([
    ["a string", "no", "no"],
    ["an object", { code: 3 }, '{"code":3}'],
    ["nothing", undefined, "undefined"],
    [
      "something that cannot be shown",
      {
        toJSON: () => {
          throw new Error("x");
        },
      },
      "something that cannot be shown was thrown",
    ],
  ])("throwing %s fails, too", async (_name, thrown, message) => {
    const error = failure(
      await outcomeOf(() => {
        throw thrown;
      }),
    );
    expect(error).toMatchObject({ kind: "error", message, stack: null, retry: true });
  });

  test("skip() skips, fail() fails for good", async () => {
    expect((await outcomeOf(() => skip("empty"))).outcome).toEqual({ kind: "skipped", reason: "empty" });
    expect(failure(await outcomeOf(() => fail("denied")))).toMatchObject({
      name: "Fail",
      message: "denied",
      retry: false,
    });
  });

  test("returning what cannot be kept fails for good, naming the path", async () => {
    const error = failure(await outcomeOf(() => ({ rows: [{ close: () => 1 }] })));
    expect(error).toMatchObject({ kind: "unserializable", stack: null, retry: false });
    expect(error.message).toMatch(/^\$\.rows\[0\]\.close: a function cannot leave a task\. Return plain data: /);
  });

  test("an output that does not fit its schema may be tried again", async () => {
    const typed = task("typed", { output: z.object({ n: z.number() }) }, () => ({ n: "x" as unknown as number }));
    expect(failure(await run("typed", () => typed()))).toMatchObject({
      kind: "error",
      name: "InvalidOutput",
      retry: true,
    });
  });

  test("code that is not the published code does not run", async () => {
    let ran = false;
    const body: Body = () =>
      task("t", () => {
        ran = true;
      })();
    const { spec } = evaluateDag(dag("test", {}, body));
    const other = { ...spec.tasks[0], digest: "other" } as TaskWorkload["task"];
    expect(failure(await run("t", body, { workload: { task: other } }))).toMatchObject({ kind: "load", retry: false });
    expect(ran).toBe(false);
  });
});

describe("lists that others expand over", () => {
  const numbers = task("numbers", (of: unknown) => of as number[]);
  const twice = task("twice", (n: number) => n * 2);
  const body =
    (of: unknown): Body =>
    () =>
      twice.expand(numbers(of));

  test("are kept by element", async () => {
    const { xcoms } = await run("numbers", body([1, 2]));
    expect(xcoms[0]).toMatchObject({ value: { kind: "elements" }, length: 2 });
    expect(decoded(xcoms)).toEqual({ return_value: [1, 2] });
  });

  test("have to be lists, and the message names who needs one", async () => {
    expect(failure(await run("numbers", body({ a: 1 }))).message).toBe(
      '"twice" expands over the result of "numbers", which returned no list but an object',
    );
  });

  test("name the place of an element that cannot be kept", async () => {
    const bad = task("bad", () => [1, new Promise(() => undefined)] as unknown as number[]);
    expect(failure(await run("bad", () => twice.expand(bad()))).message).toContain("$[1]: a promise");
  });

  test("keep the place of an instance that returns undefined", async () => {
    const nothing = task("nothing", (_n: number) => undefined);
    const { xcoms } = await run("nothing", () => nothing.expand([1]), {
      workload: { elementIndexes: [0], mapIndex: 0 },
    });
    expect(decoded(xcoms)).toEqual({ return_value: undefined });
  });
});

describe("decisions", () => {
  const size = branch("size", { big: () => empty("big"), small: () => empty("small") }, (n: number) =>
    n > 1 ? "big" : "small",
  );

  test("of a branch are the key", async () => {
    const result = await run("size", () => size(3));
    expect(result.outcome).toEqual({ kind: "succeeded", decision: "big" });
    expect(decoded(result.xcoms)).toEqual({ return_value: "big" });
  });

  test("of a branch have to be one of its keys", async () => {
    const wrong = branch("wrong", { a: () => empty("a") }, () => "toString" as "a");
    expect(failure(await run("wrong", () => wrong())).message).toBe(
      'Branch "wrong" chose "toString"; its keys are: a.',
    );
  });

  test("of a short circuit are whether anything follows", async () => {
    const go = shortCircuit("go", (n: number) => n > 1);
    expect((await run("go", () => go(2))).outcome).toEqual({ kind: "succeeded", decision: true });
    expect((await run("go", () => go(0))).outcome).toEqual({ kind: "succeeded", decision: false });
  });
});

describe("operators", () => {
  test("compute parameters given as functions, and keep what all of them came to", async () => {
    const ping = operator("ping", async ({ url, body }: { url: string; body: string }) => `${url} ${body.length}`);
    const result = await run("p", () =>
      ping("p", { url: async ({ runId }) => `https://${runId}`, body: "x".repeat(5_000) }),
    );
    expect(result.value).toBe("https://manual__1 5000");
    const { rendered_fields: rendered } = decoded(result.xcoms) as { rendered_fields: Record<string, string> };
    expect(rendered.url).toBe("https://manual__1");
    expect(rendered.body).toMatch(/^x{4096}… \(cut\)$/);
  });

  test("keep them also when they fail", async () => {
    const broken = operator("broken", ({ n }: { n: number }): string => {
      throw new Error(`no ${n}`);
    });
    const result = await run("b", () => broken("b", { n: 3 }));
    expect(failure(result).message).toBe("no 3");
    expect(decoded(result.xcoms)).toEqual({ rendered_fields: { n: 3 } });
  });
});

describe("context()", () => {
  const inTask = async <T>(
    use: (of: TaskContext) => Promise<T> | T,
    host: Partial<ContextHost> = {},
  ): Promise<unknown> =>
    (await run("t", () => task("t", async () => (await use(context())) as Date)(), { host })).value;

  test("knows the attempt", async () => {
    const seen = await inTask(
      ({ dagId, runId, taskId, mapIndex, tryNumber, attempt, idempotencyKey, run: of, params }) => ({
        ids: [dagId, runId, taskId, mapIndex, tryNumber, attempt],
        idempotencyKey,
        day: of.logicalDate,
        params,
      }),
    );
    expect(seen).toEqual({
      ids: ["test", "manual__1", "t", -1, 1, 2],
      idempotencyKey: "test/manual__1/4/t/-1",
      day: new Date("2026-01-02"),
      params: {},
    });
  });

  test("logs, and reaches variables, connections and XComs through the host", async () => {
    const entries: LogEntry[] = [];
    const pushed: unknown[] = [];
    const seen = await inTask(
      async (of) => {
        of.log.warn("careful", { n: 1 });
        await of.log.output("stderr", "line");
        await of.pushXCom("k", 1n);
        return [await of.getVariable("v"), await of.pullXCom({ taskId: "up" }), (await of.getConnection("db")).host];
      },
      {
        log: (entry) => {
          entries.push(entry);
        },
        getVariable: async (key) => `${key}!`,
        pullXCom: async (query) => encodeValue(query),
        pushXCom: async (key, bytes) => {
          pushed.push(key, decodeValue(bytes));
        },
        getConnection: async (id) => ({
          id,
          type: "x",
          host: "h",
          port: null,
          login: null,
          password: null,
          schema: null,
          extra: {},
        }),
      },
    );
    expect(entries).toEqual([
      { level: "warn", source: "task", msg: "careful", fields: { n: 1 } },
      { level: "info", source: "stderr", msg: "line" },
    ]);
    expect(pushed).toEqual(["k", 1n]);
    expect(seen).toEqual(["v!", { key: "return_value", taskId: "up" }, "h"]);
  });

  test("says which connection is missing and how to add it", async () => {
    const result = await run("t", () =>
      task("t", async () => {
        await context().getConnection("dwh");
      })(),
    );
    expect(failure(result).message).toBe(
      'Connection "dwh" was not found. Add it: airloom connections add dwh --conn-uri …, or set AIRLOOM_CONN_DWH.',
    );
  });

  test("is of its own attempt when several run at once", async () => {
    const slow = task("slow", async (n: number) => {
      await new Promise((resolve) => setImmediate(resolve));
      return [n, context().mapIndex];
    });
    const runs = [0, 1, 2].map((index) =>
      run("slow", () => slow.expand([0, 1, 2]), { workload: { mapIndex: index, elementIndexes: [index] } }),
    );
    expect((await Promise.all(runs)).map((one) => one.value)).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
  });

  test("throws outside a task", () => {
    expect(() => context()).toThrow("context() was called outside a task's function.");
  });
});

test("fn is the function itself, for tests", () => {
  expect(give.fn(3)).toBe(3);
});
