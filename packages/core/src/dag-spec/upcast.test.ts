import { describe, expect, it } from "vitest";
import { specOf, taskOf } from "../../test/spec-builder.ts";
import { AirloomError } from "../errors.ts";
import { readSpec } from "./upcast.ts";

const spec = specOf([
  taskOf("a", [], {
    args: [
      {
        kind: "array",
        items: [
          { kind: "run", field: "logicalDate" },
          { kind: "value", value: null },
        ],
      },
    ],
  }),
  taskOf("b", ["a"], { args: [{ kind: "object", entries: { x: { kind: "xcom", task: "a" } } }] }),
]);

/** A copy with one thing changed; `undefined` takes the field away. */
function changed(path: readonly (string | number)[], value: unknown): unknown {
  const copy: unknown = structuredClone(spec);
  let at = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? "";
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

const codeOf = (json: unknown): { code: string; message: string } => {
  try {
    readSpec(json);
  } catch (error) {
    if (error instanceof AirloomError) return error;
  }
  return { code: "accepted", message: "" };
};

describe("readSpec", () => {
  it("gives back a Spec of this format as it was, after a trip through JSON", () => {
    expect(readSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });

  it("leaves alone fields that it does not know", () => {
    expect(readSpec({ ...spec, later: 1 })).toMatchObject({ dagId: "orders", later: 1 });
  });

  it("refuses a newer format and says which one it reads", () => {
    const { code, message } = codeOf({ format: 2, dagId: "orders" });
    expect(code).toBe("SPEC_FORMAT");
    expect(message).toMatch(/format 2.*up to 1/);
  });

  it.each([null, undefined, 1, "x", [], {}, { format: 0 }, { format: "1" }, { format: 1.5 }])("refuses %j", (json) => {
    expect(codeOf(json).code).toBe("SPEC_INVALID");
  });

  it.each([
    [["dagId"], undefined, "dagId: expected text, found nothing"],
    [["tasks", 1, "retries"], -1, "tasks[1].retries: expected a whole number of at least 0, found number -1"],
    [["tasks", 0, "triggerRule"], "sometimes", "tasks[0].triggerRule"],
    [["tasks", 0, "args", 0, "items", 0, "field"], "ds", "tasks[0].args[0].items[0].field"],
    [["tasks", 1, "args", 0, "entries", "x", "task"], 3, "tasks[1].args[0].entries.x.task"],
    [["tasks", 0, "upstream"], null, "tasks[0].upstream: expected a list, found null"],
    [["tasks", 0, "poolSlots"], 0, "tasks[0].poolSlots"],
    [["schedule"], { kind: "cron", expressions: [], timezone: "UTC", interval: "week" }, "schedule.interval"],
    [["schedule"], { kind: "moon" }, "schedule.kind"],
    [["params", "defaults"], [], "params.defaults: expected an object, found a list"],
    [["maxActiveTasks"], Number.NaN, "maxActiveTasks"],
  ])("names the path of what is wrong: %j = %j", (path, value, words) => {
    const { code, message } = codeOf(changed(path, value));
    expect(code).toBe("SPEC_INVALID");
    expect(message).toContain(words);
  });

  it("misses no field: without any one of them the Spec is refused", () => {
    for (const key of Object.keys(spec))
      expect([key, codeOf(changed([key], undefined)).code]).toEqual([key, "SPEC_INVALID"]);
    for (const key of Object.keys(taskOf("a"))) {
      expect([key, codeOf(changed(["tasks", 0, key], undefined)).code]).toEqual([key, "SPEC_INVALID"]);
    }
  });
});
