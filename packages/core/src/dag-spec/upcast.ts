import { AirloomError } from "../errors.ts";
import { triggerRuleNames } from "../scheduling/trigger-rule-name.ts";
import { type DagSpec, specFormat } from "./dag-spec.ts";
import {
  fields,
  flag,
  integer,
  listOf,
  number,
  oneOf,
  orNull,
  present,
  recordOf,
  type Shape,
  text,
  variants,
} from "./spec-shape.ts";

/**
 * Reads a stored Spec: brings an older format up to this one, refuses a newer one, and checks that every field is there.
 * Whether the parts fit each other (ids, cycles) is `graphOf`'s question.
 * @throws AirloomError SPEC_FORMAT, SPEC_INVALID (with the path, as `tasks[3].retries`).
 */
export function readSpec(json: unknown): DagSpec {
  const found = formatOf(json);
  if (found > specFormat) {
    const dagId = (json as { readonly dagId?: unknown }).dagId;
    throw new AirloomError("SPEC_FORMAT", { dagId, found, known: specFormat });
  }
  let spec = json;
  for (let format = found; format < specFormat; format++) spec = upcasters[format - 1]?.(spec);
  assertSpec(spec);
  return spec;
}

/** Step `n - 1` brings format `n` to `n + 1`. Never edit one: stored Specs of every age pass through them. */
const upcasters: readonly ((spec: unknown) => unknown)[] = [];

function formatOf(json: unknown): number {
  fields({ format: integer(1) })(json, "");
  return (json as { readonly format: number }).format;
}

function assertSpec(json: unknown): asserts json is DagSpec {
  specShape(json, "");
}

const argShape: Shape = (value, path) => argVariants(value, path);
const argVariants = variants({
  value: fields({ value: present }),
  xcom: fields({ task: text }),
  run: fields({
    field: oneOf(["logicalDate", "intervalStart", "intervalEnd", "runAfter", "runId", "runType", "conf"]),
  }),
  param: fields({ path: listOf(text) }),
  variable: fields({ key: text }),
  array: fields({ items: listOf(argShape) }),
  object: fields({ entries: recordOf(argShape) }),
});

const taskShape = fields({
  id: text,
  kind: oneOf(["task", "branch", "short_circuit", "empty"]),
  operator: text,
  group: orNull(text),
  displayName: text,
  docMd: orNull(text),
  upstream: listOf(text),
  args: listOf(argShape),
  mapped: flag,
  elementwise: flag,
  branches: orNull(recordOf(listOf(text))),
  triggerRule: oneOf(triggerRuleNames),
  retries: integer(0),
  retryDelaySeconds: number(0),
  retryBackoff: number(0),
  maxRetryDelaySeconds: orNull(number(0)),
  executionTimeoutSeconds: orNull(number(0)),
  pool: text,
  poolSlots: integer(1),
  priorityWeight: number(Number.MIN_SAFE_INTEGER),
  weightRule: oneOf(["downstream", "upstream", "absolute"]),
  queue: text,
  executor: orNull(text),
  maxActivePerDag: orNull(integer(1)),
  maxActivePerRun: orNull(integer(1)),
  dependsOnPast: flag,
  waitForDownstream: flag,
  isolation: oneOf(["warm", "fresh"]),
  onLost: oneOf(["retry", "fail"]),
  inputSchema: present,
  outputSchema: present,
  digest: text,
});

const interval = oneOf(["point", "data"]);
const scheduleShape = variants({
  none: present,
  once: present,
  continuous: present,
  cron: fields({ expressions: listOf(text), timezone: text, interval }),
  delta: fields({ seconds: number(0), interval }),
});

const specShape = fields({
  format: integer(1),
  dagId: text,
  displayName: text,
  description: orNull(text),
  docMd: orNull(text),
  tags: listOf(text),
  owners: listOf(text),
  schedule: scheduleShape,
  startDate: orNull(text),
  endDate: orNull(text),
  catchup: flag,
  maxActiveRuns: integer(1),
  maxActiveTasks: integer(1),
  maxConsecutiveFailedRuns: integer(0),
  runTimeoutSeconds: orNull(number(0)),
  failFast: flag,
  pausedUponCreation: orNull(flag),
  params: fields({ schema: present, defaults: recordOf(present) }),
  needsLogicalDate: flag,
  data: present,
  groups: listOf(fields({ id: text, displayName: text, tooltip: orNull(text), parent: orNull(text) })),
  tasks: listOf(taskShape),
  edgeLabels: listOf(fields({ from: text, to: text, label: text })),
});
