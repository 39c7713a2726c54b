import { tries } from "@airloom/testkit/properties";
import fc from "fast-check";
import { expect, test } from "vitest";
import { specOf, taskOf } from "../../test/spec-builder.ts";
import { AirloomError } from "../errors.ts";
import type { Json } from "../json.ts";
import { triggerRuleNames } from "../scheduling/trigger-rule-name.ts";
import type { DagSpec } from "./dag-spec.ts";
import type { ArgSpec, TaskSpec } from "./task-spec.ts";
import { readSpec } from "./upcast.ts";

/** Any text, also what no editor would let one write. */
const text = fc.string({ unit: "binary", maxLength: 12 });
const maybe = <T>(some: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(some);
/** JSON as it comes back from the database: without minus zero. */
const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
const whole = (least: number): fc.Arbitrary<number> => fc.integer({ min: least, max: 2 ** 31 - 1 });
const seconds = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((value) => Math.abs(value));

const anyArg = fc.letrec<{ arg: ArgSpec }>((tie) => ({
  arg: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({ kind: fc.constant("value" as const), value: json }),
    fc.record({ kind: fc.constant("xcom" as const), task: text }),
    fc.record({ kind: fc.constant("run" as const), field: fc.constantFrom("logicalDate" as const, "conf" as const) }),
    fc.record({ kind: fc.constant("param" as const), path: fc.array(text, { maxLength: 3 }) }),
    fc.record({ kind: fc.constant("variable" as const), key: text }),
    fc.record({ kind: fc.constant("array" as const), items: fc.array(tie("arg"), { maxLength: 3 }) }),
    fc.record({ kind: fc.constant("object" as const), entries: fc.dictionary(text, tie("arg"), { maxKeys: 3 }) }),
  ),
})).arg;

const anyTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    ...{ id: text, operator: text, displayName: text, pool: text, queue: text, digest: text },
    ...{ group: maybe(text), docMd: maybe(text), executor: maybe(text) },
    kind: fc.constantFrom("task" as const, "branch" as const, "short_circuit" as const, "empty" as const),
    args: fc.array(anyArg, { maxLength: 3 }),
    ...{ mapped: fc.boolean(), elementwise: fc.boolean(), dependsOnPast: fc.boolean() },
    branches: maybe(fc.dictionary(text, fc.array(text, { maxLength: 2 }), { maxKeys: 3 })),
    triggerRule: fc.constantFrom(...triggerRuleNames),
    ...{ retries: whole(0), poolSlots: whole(1), priorityWeight: whole(-1_000) },
    ...{ retryDelaySeconds: seconds, retryBackoff: seconds, maxRetryDelaySeconds: maybe(seconds) },
    ...{ maxActivePerDag: maybe(whole(1)), maxActivePerRun: maybe(whole(1)) },
    ...{ inputSchema: json, outputSchema: json },
  })
  .map((fields) => taskOf(fields.id, [], fields));

const anySchedule: fc.Arbitrary<DagSpec["schedule"]> = fc.oneof(
  fc.constant({ kind: "none" as const }),
  fc.record({
    kind: fc.constant("cron" as const),
    expressions: fc.array(text, { maxLength: 3 }),
    timezone: text,
    interval: fc.constantFrom("point" as const, "data" as const),
  }),
  fc.record({
    kind: fc.constant("delta" as const),
    seconds,
    interval: fc.constantFrom("point" as const, "data" as const),
  }),
);

const anySpec: fc.Arbitrary<DagSpec> = fc
  .record({
    ...{ dagId: text, displayName: text, description: maybe(text), docMd: maybe(text) },
    ...{ tags: fc.array(text, { maxLength: 3 }), owners: fc.array(text, { maxLength: 3 }) },
    schedule: anySchedule,
    ...{ startDate: maybe(text), endDate: maybe(text), runTimeoutSeconds: maybe(seconds) },
    ...{ maxActiveRuns: whole(1), maxActiveTasks: whole(1), pausedUponCreation: maybe(fc.boolean()), data: json },
    params: fc.record({ schema: json, defaults: fc.dictionary(text, json, { maxKeys: 3 }) }),
    groups: fc.array(fc.record({ id: text, displayName: text, tooltip: maybe(text), parent: maybe(text) }), {
      maxLength: 2,
    }),
    edgeLabels: fc.array(fc.record({ from: text, to: text, label: text }), { maxLength: 2 }),
    tasks: fc.array(anyTask, { maxLength: 4 }),
  })
  .map(({ tasks, ...fields }) => specOf(tasks, fields));

test("any Spec comes back from JSON as it was", () => {
  fc.assert(
    fc.property(anySpec, (spec) => {
      expect(readSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
    }),
    tries(300),
  );
});

/** All places of a value, as the steps that lead there. */
function placesIn(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[key], ...placesIn(inner).map((rest) => [key, ...rest])]);
}

function damaged(spec: DagSpec, place: readonly string[], value: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(spec));
  let at = copy as Record<string, unknown>;
  for (const key of place.slice(0, -1)) at = at[key] as Record<string, unknown>;
  const last = place.at(-1) ?? "";
  if (value === undefined) delete at[last];
  else Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

test("a Spec that was damaged anywhere is read, or refused with the place: never anything else", () => {
  const damage = fc.oneof(json, fc.constant(undefined), fc.constant([]), fc.constant({}), fc.double());
  fc.assert(
    fc.property(anySpec, fc.nat(), damage, (spec, which, value) => {
      const places = placesIn(spec);
      const place = places[which % places.length] ?? [];
      try {
        readSpec(damaged(spec, place, value));
      } catch (error) {
        if (!(error instanceof AirloomError)) throw error;
        expect(["SPEC_INVALID", "SPEC_FORMAT"]).toContain(error.code);
        const top = place[0] ?? "";
        if (error.code === "SPEC_INVALID") expect(error.message).toContain(top);
      }
    }),
    tries(500),
  );
});
