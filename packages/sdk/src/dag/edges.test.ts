import type { AirloomError, TaskSpec } from "@airloom/core";
import { describe, expect, test } from "vitest";
import { evaluateDag } from "../find-dags.ts";
import { branch, chain, dag, empty, fail, group, label, type Ref, type Task, task } from "../index.ts";

const load = task("load", (rows: unknown, region: string) => `${String(rows)} ${region}`);
const count = task("count", (list: readonly unknown[]) => list.length);
const note = task("note", () => "x");
const numbers = task("numbers", () => [1, 2, 3]);

type Body = Parameters<typeof dag>[2];
const specOf = (body: Body) => evaluateDag(dag("test", {}, body)).spec;
const tasksOf = (body: Body): Record<string, TaskSpec> =>
  Object.fromEntries(specOf(body).tasks.map((one) => [one.id, one]));
const upstreamOf = (body: Body): Record<string, readonly string[]> =>
  Object.fromEntries(specOf(body).tasks.map(({ id, upstream }) => [id, upstream]));

const errorOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return `${(error as Error).message} ${(error as AirloomError).hint ?? ""}`;
  }
  return "no error";
};

describe("ids", () => {
  test("a second call needs its own id, and the message says how", () => {
    const text = errorOf(() => specOf(() => [note(), note()]));
    expect(text).toContain('two tasks with the id "note"');
    expect(text).toContain(".with({ id:");
    expect(upstreamOf(() => [note(), note.with({ id: "again" })()])).toEqual({ note: [], again: [] });
  });

  test.each(["", "a b", "../x", "a\0", "x".repeat(251), "😀"])("%j is no id", (id) => {
    expect(errorOf(() => task(id, () => 1))).toContain("cannot be the id of a task");
    expect(errorOf(() => dag(id, {}, () => {}))).toContain("cannot be the id of a Dag");
    expect(errorOf(() => specOf(() => group(id, () => {})))).toContain("cannot be the id of a group");
  });

  test("a group's id may not hold a dot, and may not be a task's", () => {
    expect(errorOf(() => specOf(() => group("a.b", () => {})))).toContain("cannot be the id of a group");
    expect(errorOf(() => specOf(() => [note(), group("note", () => {})]))).toContain("two tasks with the id");
  });
});

describe("groups", () => {
  test("put their ids before those of their tasks, at any depth", () => {
    const spec = specOf(() => group("outer", { displayName: "Outer" }, () => group("inner", () => note())));
    expect(spec.tasks.map(({ id, group: of }) => [id, of])).toEqual([["outer.inner.note", "outer.inner"]]);
    expect(spec.groups).toEqual([
      { id: "outer", displayName: "Outer", tooltip: null, parent: null },
      { id: "outer.inner", displayName: "inner", tooltip: null, parent: "outer" },
    ]);
  });

  test("give what their body returned, with edges of the whole group", () => {
    const upstream = upstreamOf(() => {
      const start = empty("start");
      const result = group("g", () => {
        const list = numbers();
        const n = count(list);
        note();
        return { list, n };
      });
      result.after(start);
      result.before(empty("end"));
      load(result.list, "eu");
    });
    expect(upstream).toEqual({
      start: [],
      "g.numbers": ["start"],
      "g.count": ["g.numbers"],
      "g.note": ["start"],
      end: ["g.count", "g.note"],
      load: ["g.numbers"],
    });
  });

  test("as one Ref bind edges to the group and data to the task", () => {
    const upstream = upstreamOf(() => {
      const n = group("g", () => {
        note();
        return count(numbers());
      });
      load(n, "eu");
      chain(n, empty("end"));
    });
    expect(upstream.load).toEqual(["g.count"]);
    expect(upstream.end).toEqual(["g.count", "g.note"]);
  });

  test("without tasks cannot have edges", () => {
    expect(errorOf(() => specOf(() => group("g", () => {}).before(note())))).toContain("group `g`, which has no tasks");
  });

  test("end where their body ends, also when it throws", () => {
    const body = () => {
      expect(() => group("g", () => fail("x"))).toThrow("x");
      note();
    };
    expect(Object.keys(upstreamOf(body))).toEqual(["note"]);
  });
});

describe("edges", () => {
  const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => task(id, () => 1)) as [T, T, T, T];
  type T = Task<[], number>;

  test("chain sets one after another and pairs lists", () => {
    expect(upstreamOf(() => chain(a(), [b(), c()], d()))).toEqual({ a: [], b: ["a"], c: ["a"], d: ["b", "c"] });
    const pairs = () => chain([a(), b()], [c(), d()]);
    expect(upstreamOf(pairs)).toEqual({ a: [], b: [], c: ["a"], d: ["b"] });
    expect(errorOf(() => specOf(() => chain([a(), b()], [c()])))).toContain("a list of 2 and then a list of 1");
  });

  test("labels stand on the edge they were put on", () => {
    expect(specOf(() => a().before(label("yes", b()), c())).edgeLabels).toEqual([{ from: "a", to: "b", label: "yes" }]);
  });

  test("a cycle is named", () => {
    const body = () => {
      const [x, y, z_] = [a(), b(), c()];
      chain(x, y, z_);
      z_.before(x);
    };
    expect(errorOf(() => specOf(body))).toMatch(/has a cycle: .*a -> b -> c|has a cycle: .*c -> a/);
    expect(
      errorOf(() =>
        specOf(() => {
          const x = a();
          x.before(x);
        }),
      ),
    ).toContain("`a` was told to wait for itself");
  });

  test("need called tasks", () => {
    expect(errorOf(() => specOf(() => chain(a as unknown as Ref<1>, b())))).toContain("Call the task first");
  });
});

describe("branches", () => {
  test("lead to the first tasks of each path, made there or given", () => {
    const { choose, b1, given } = tasksOf(() => {
      const outside = note.with({ id: "given" })();
      const paths = branch(
        "choose",
        {
          made: () => {
            const last = note.with({ id: "b2" })();
            last.after(note.with({ id: "b1" })());
            return last;
          },
          given: () => outside,
          both: () => [outside, empty("e")],
        },
        (n: number) => (n ? "made" : "given"),
      );
      paths(count([]));
    });
    expect(choose?.branches).toEqual({ made: ["b1"], given: ["given"], both: ["e", "given"] });
    expect(choose?.kind).toBe("branch");
    expect(b1?.upstream).toEqual(["choose"]);
    expect(given?.upstream).toEqual(["choose"]);
  });

  test("nest, hold groups, and are left at the ends of their paths", () => {
    const found = tasksOf(() => {
      const inner = () => branch("inner", { x: () => empty("x"), y: () => empty("y") }, () => "x" as const)();
      const outer = branch(
        "outer",
        {
          in: inner,
          g: () =>
            group("g", () => {
              chain(empty("g1"), empty("g2"));
            }),
        },
        () => "in" as const,
      )();
      outer.before(empty("end", { triggerRule: "none_failed_min_one_success" }));
      empty("start").before(outer);
    });
    expect(found.outer?.branches).toEqual({ in: ["inner"], g: ["g.g1"] });
    expect(found.outer?.upstream).toEqual(["start"]);
    expect(found.end?.upstream).toEqual(["g.g2", "x", "y"]);
  });

  test("whose path makes nothing are refused", () => {
    const body = () => branch("b", { no: () => undefined as unknown as Ref<1> }, () => "no" as const)();
    expect(errorOf(() => specOf(body))).toContain("Path `no` of branch `b` leads to no task");
  });
});
