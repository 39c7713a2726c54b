import type { AirloomError, TaskSpec } from "@airloom/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { evaluateDag, findDags } from "../find-dags.ts";
import {
  branch,
  chain,
  cron,
  type DagOptions,
  dag,
  empty,
  every,
  group,
  label,
  operator,
  type Ref,
  shortCircuit,
  task,
} from "../index.ts";

const extract = task("extract", (day: Date) => [{ id: 1, day }]);
const load = task("load", (rows: unknown, region: string) => `${String(rows)} ${region}`);
const count = task("count", (list: readonly unknown[]) => list.length);
const note = task("note", () => "x");
const scale = task("scale", (n: number, factor: number) => n * factor);
const numbers = task("numbers", () => [1, 2, 3]);

type Body = Parameters<typeof dag>[2];
const specOf = (body: Body, options: DagOptions = {}) => evaluateDag(dag("test", options, body)).spec;
const tasksOf = (body: Body, options: DagOptions = {}): Record<string, TaskSpec> =>
  Object.fromEntries(specOf(body, options).tasks.map((one) => [one.id, one]));
const _upstreamOf = (body: Body): Record<string, readonly string[]> =>
  Object.fromEntries(specOf(body).tasks.map(({ id, upstream }) => [id, upstream]));

const errorOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return `${(error as Error).message} ${(error as AirloomError).hint ?? ""}`;
  }
  return "no error";
};

describe("a representative Dag", () => {
  const orders = dag(
    "orders",
    {
      schedule: cron("0 6 * * *", { timezone: "Europe/London", interval: "data" }),
      description: "Loads orders",
      tags: ["b", "a"],
      owners: ["data"],
      startDate: "2026-01-01",
      endDate: "2026-12-31T06:00+01:00",
      catchup: true,
      runTimeout: "2h",
      params: z.object({ region: z.enum(["eu", "us"]).default("eu"), since: z.iso.date().optional() }),
      data: { city: "Paris", opened: new Date(0) },
      taskDefaults: { retries: 2, retryDelay: "1m" },
    },
    ({ run, params, variables, data }) => {
      const rows = extract(run.logicalDate);
      const inGroup = group("warehouse", { tooltip: "writes", taskDefaults: { pool: "dwh", retries: 1 } }, () =>
        load.with({ retries: 5, timeout: "90s", priority: 3 })(
          { rows, [data.city]: [variables.bucket, 1n] },
          params.region,
        ),
      );
      const size = branch("size", { big: () => note(), small: () => empty("nothing") }, (n: number) =>
        n > 1 ? "big" : "small",
      );
      chain(inGroup, size(count(rows)), label("done", empty("end", { triggerRule: "none_failed_min_one_success" })));
    },
  );

  test("gives this Spec", () => {
    const { spec } = evaluateDag(orders);
    const digests = spec.tasks.map(({ digest }) => digest);
    expect(digests.every((digest) => /^[0-9a-f]{64}$/.test(digest))).toBe(true);
    expect({ ...spec, tasks: spec.tasks.map((one) => ({ ...one, digest: "…" })) }).toMatchSnapshot();
  });

  test("gives the same Spec each time, and code for each node", () => {
    const [first, second] = [evaluateDag(orders), evaluateDag(orders)];
    expect(JSON.stringify(second.spec)).toBe(JSON.stringify(first.spec));
    expect([...first.nodes.keys()]).toEqual(first.spec.tasks.map(({ id }) => id));
    expect(first.nodes.get("extract")?.digest).toBe(first.spec.tasks[0]?.digest);
  });

  test("hands its body a copy of its data each time", () => {
    const data = { list: [1] };
    const grows = dag("grows", { data }, ({ data: given }) => {
      given.list.push(2);
      load(given.list, "eu");
    });
    const [first, second] = [evaluateDag(grows).spec, evaluateDag(grows).spec];
    expect(first.tasks[0]?.args[0]).toEqual({ kind: "value", value: [1, 2] });
    expect(second).toEqual(first);
    expect(first.data).toEqual({ list: [1] });
  });
});

describe("what a task is called with", () => {
  test("a Ref is a dependency at any depth", () => {
    const { load: found } = tasksOf(({ run }) => {
      const rows = extract(run.logicalDate);
      load({ deep: [{ rows }], n: count(rows) }, "eu");
    });
    expect(found?.upstream).toEqual(["count", "extract"]);
    expect(found?.args[0]).toEqual({
      kind: "object",
      entries: {
        deep: {
          kind: "array",
          items: [{ kind: "object", entries: { rows: { kind: "xcom", task: "extract" } } }],
        },
        n: { kind: "xcom", task: "count" },
      },
    });
  });

  test("constants survive as tagged JSON", () => {
    const { load: found } = tasksOf(() => load(new Map([["a", new Date(0)]]), "eu"));
    expect(found?.args[0]).toEqual({
      kind: "value",
      value: { $: ["map", "a", { $: ["date", "1970-01-01T00:00:00.000Z"] }] },
    });
  });

  test("a task that reads the logical date or interval makes the Dag need one", () => {
    expect(specOf(({ run }) => load([run.intervalEnd], "eu")).needsLogicalDate).toBe(true);
    expect(specOf(({ run }) => load(run.runAfter, "eu")).needsLogicalDate).toBe(false);
  });

  test("what cannot be stored is refused with argument and path", () => {
    const text = errorOf(() => specOf(() => load({ a: [() => 1] } as unknown, "eu")));
    expect(text).toContain("argument 1 of `load(…)` cannot be used: $.a[0]: a function cannot be an argument");
  });

  test("a Ref in a Map is refused rather than lost", () => {
    const text = errorOf(() => specOf(() => load(new Map([["a", numbers()]]), "eu")));
    expect(text).toContain("$.a: an instance of");
  });

  test("a Ref of another Dag is refused, by both names", () => {
    let kept: Ref<number[]> | undefined;
    evaluateDag(
      dag("first", {}, () => {
        kept = numbers();
      }),
    );
    const use = dag("second", {}, () => count(kept as Ref<number[]>));
    expect(errorOf(() => evaluateDag(use))).toContain("(Dag `second`) is the result of `numbers` of Dag `first`");
  });

  test("a Ref used as a value says what to do instead", () => {
    const text = errorOf(() => specOf(({ params }) => load(`hello ${String(params)}`, "eu")));
    expect(text).toContain("`params` was used as if it had a value already. A Ref gets its value when a task runs");
    expect(errorOf(() => specOf(({ run }) => load(JSON.stringify(run.logicalDate), "eu")))).toContain(
      "run.logicalDate",
    );
  });

  test("a param that does not exist is refused with those that do", () => {
    const wrong = dag(
      "p",
      { params: z.object({ region: z.string(), mail: z.object({ to: z.string() }) }) },
      ({ params }) => {
        load((params.mail as unknown as Record<string, unknown>).from, "eu");
      },
    );
    expect(errorOf(() => evaluateDag(wrong))).toContain("`params.mail` has no `from`. It has: to.");
  });
});

describe("mapping", () => {
  test("stores the source's list by element, unless the source is itself mapped", () => {
    const found = tasksOf(() => {
      const scaled = scale.expand(numbers(), [1, 2]);
      scale.with({ id: "again" }).expand(scaled, [3]);
      count(scaled);
    });
    expect(found.numbers?.elementwise).toBe(true);
    expect(found.scale).toMatchObject({ mapped: true, elementwise: false, upstream: ["numbers"] });
    expect(found.again?.mapped).toBe(true);
    expect(found.count).toMatchObject({ mapped: false, upstream: ["scale"] });
  });

  test("needs lists", () => {
    expect(errorOf(() => specOf(() => scale.expand(1 as unknown as number[], [2])))).toContain("needs lists");
    expect(errorOf(() => specOf(() => note.expand()))).toContain("has no list");
  });
});

describe("options", () => {
  test("the nearest word wins: Dag, group, task, call", () => {
    const spec = (body: Body) => tasksOf(body, { taskDefaults: { retries: 1, pool: "dag", queue: "q" } });
    const found = spec(() =>
      group("g", { taskDefaults: { pool: "group" } }, () => {
        note();
        note.with({ id: "own", pool: "own", retryDelay: "90s", retryBackoff: true })();
      }),
    );
    expect(found["g.note"]).toMatchObject({ retries: 1, pool: "group", queue: "q", retryDelaySeconds: 300 });
    expect(found["g.own"]).toMatchObject({ pool: "own", retryDelaySeconds: 90, retryBackoff: 2 });
  });

  test.each([
    [{ retrys: 3 }, "Task `x` has no option `retrys`. Did you mean `retries`?"],
    [{ whatever: 3 }, "Task `x` has no option `whatever`. It has: id, displayName"],
  ])("%j is refused", (options, message) => {
    const text = errorOf(() => task("x", options as object, () => 1));
    expect(text).toContain(message);
  });

  test.each([
    [{ retries: -1 }, "`retries` of task `x` is -1"],
    [{ poolSlots: 0 }, "`poolSlots` of task `x` is 0"],
    [{ triggerRule: "sometimes" }, '`triggerRule` of task `x` is "sometimes"'],
    [{ isolation: "cold" }, "It is one of: warm, fresh."],
    [{ timeout: "soon" }, '"soon" is not a length of time'],
    [{ retryBackoff: 0.5 }, "`retryBackoff` of task `x` is 0.5"],
    [{ output: {} }, "`output` of task `x` is no zod 4 schema"],
  ])("%j is refused when the Dag is evaluated", (options, message) => {
    expect(errorOf(() => specOf(() => task("x", options as object, () => 1)()))).toContain(message);
  });

  test("schemas of input and output are stored as JSON Schema", () => {
    const typed = task("typed", { input: z.number().min(1), output: z.object({ n: z.number() }) }, (n: number) => ({
      n,
    }));
    const { typed: found } = tasksOf(() => typed(1));
    expect(found?.inputSchema).toMatchObject({ type: "number", minimum: 1 });
    expect(found?.outputSchema).toMatchObject({ type: "object", required: ["n"] });
  });

  test("params that people cannot enter are refused with a way out", () => {
    const wrong = dag("p", { params: z.object({ day: z.date() }) }, () => {});
    expect(errorOf(() => evaluateDag(wrong))).toContain("use `z.iso.date()`");
  });
});

describe("schedules", () => {
  test.each([
    [undefined, { kind: "none" }],
    [null, { kind: "none" }],
    ["@once", { kind: "once" }],
    ["@continuous", { kind: "continuous" }],
    ["@daily", { kind: "cron", expressions: ["0 0 * * *"], timezone: "UTC", interval: "point" }],
    [" 5 4 * * * ", { kind: "cron", expressions: ["5 4 * * *"], timezone: "UTC", interval: "point" }],
    [every("90m", { interval: "data" }), { kind: "delta", seconds: 5400, interval: "data" }],
    [
      cron(["@weekly", "0 6 * * 1"]),
      { kind: "cron", expressions: ["0 0 * * 0", "0 6 * * 1"], timezone: "UTC", interval: "point" },
    ],
  ])("%j", (schedule, expected) => {
    expect(specOf(() => {}, schedule === undefined ? {} : { schedule }).schedule).toEqual(expected);
  });

  test("that are wrong are refused", () => {
    expect(errorOf(() => specOf(() => {}, { schedule: "@dayly" }))).toContain("Presets are: @hourly");
    expect(errorOf(() => specOf(() => {}, { schedule: "61 * * * *" }))).toContain("61 * * * *");
    expect(errorOf(() => cron("@daily", { timezone: "Mars/Olympus" }))).toContain("Mars/Olympus");
    expect(errorOf(() => specOf(() => {}, { startDate: "1/2/2026" }))).toContain("`startDate` is");
  });

  test("dates without an offset are UTC wherever the file is parsed", () => {
    expect(specOf(() => {}, { startDate: "2026-01-01 06:30" }).startDate).toBe("2026-01-01T06:30:00.000Z");
  });
});

describe("a Dag's body", () => {
  test("runs only when the Dag is evaluated", () => {
    let runs = 0;
    const lazy = dag("lazy", {}, () => {
      runs += 1;
    });
    expect(runs).toBe(0);
    evaluateDag(lazy);
    expect(runs).toBe(1);
  });

  test("that is async is refused, and its rejection goes nowhere", () => {
    const body = (async () => {
      throw new Error("late");
    }) as unknown as Body;
    expect(errorOf(() => specOf(body))).toContain("The body of Dag `test` is async");
  });

  test("that throws leaves nothing behind", () => {
    expect(() =>
      specOf(() => {
        throw new Error("broken");
      }),
    ).toThrow("broken");
    expect(errorOf(() => note())).toContain("`note(…)` was called outside a Dag body");
  });

  test("tasks, operators and groups say so when there is none", () => {
    const ping = operator("ping", ({ url }: { url: string }) => url);
    expect(errorOf(() => note())).toContain("use `note.fn(…)`");
    expect(errorOf(() => ping("p", { url: "x" }))).toContain('`ping("p")` was called outside');
    expect(errorOf(() => empty("e"))).toContain("outside a Dag body");
    expect(errorOf(() => group("g", () => {}))).toContain("outside a Dag body");
    expect(
      errorOf(() =>
        specOf(() => {
          dag("inner", {}, () => {});
        }),
      ),
    ).toContain("made inside the body");
  });
});

test("operators keep options apart from parameters, and functions out of the Spec", () => {
  const ping = operator("ping", async ({ url, times }: { url: string; times: number }) => `${url}${times}`);
  const { p } = tasksOf(() => ping("p", { url: ({ runId }) => runId, times: count([]), retries: 4 }));
  expect(p).toMatchObject({ operator: "ping", kind: "task", retries: 4, upstream: ["count"] });
  expect(p?.args).toEqual([{ kind: "object", entries: { times: { kind: "xcom", task: "count" } } }]);
});

test("a short circuit is one by kind, also with other options", () => {
  const isDone = shortCircuit("is_done", (n: number) => n > 1);
  expect(tasksOf(() => isDone.with({ retries: 1 })(1)).is_done).toMatchObject({ kind: "short_circuit", retries: 1 });
});

test("fail-fast goes with all_success alone", () => {
  const body = () => note.with({ triggerRule: "all_done" })();
  expect(errorOf(() => specOf(body, { failFast: true }))).toContain("fails fast");
});

test("every exported Dag is found once, in lists too", () => {
  const [one, two] = [dag("one", {}, () => {}), dag("two", {}, () => {})];
  const list: unknown[] = [one, [two, null, "x"]];
  list.push(list);
  expect(findDags({ default: one, list, other: 3, fn: note })).toEqual([one, two]);
});
