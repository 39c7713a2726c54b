import { type Duration, type Json, parseDuration, type TaskSpec, triggerRuleNames } from "@airloom/core";
import { dagInvalid } from "../authoring-error.ts";
import type { Schema, TaskOptions } from "../tasks/task-options.ts";
import { digestOf } from "./digest.ts";
import type { NodeDraft } from "./draft.ts";
import { toJsonSchema } from "./params.ts";

/** What a node's Spec needs to know of the nodes around it. */
export interface Surroundings {
  readonly upstream: ReadonlySet<string>;
  /** A mapped task reads its list. */
  readonly expanded: boolean;
}

/** A node as data. Defaults are Airflow's. */
export function toTaskSpec(draft: NodeDraft, { upstream, expanded }: Surroundings): TaskSpec {
  const { options } = draft;
  const task: Omit<TaskSpec, "digest"> = {
    id: draft.id,
    kind: draft.kind,
    operator: draft.operator,
    group: draft.group,
    displayName: options.displayName ?? draft.id,
    docMd: options.docMd ?? null,
    upstream: [...upstream].sort(),
    args: draft.args,
    mapped: draft.mapped,
    // The instances of a mapped task leave one element each: there is nothing to take apart.
    elementwise: expanded && !draft.mapped,
    branches: draft.branches && branchIds(draft.branches),
    triggerRule: oneOf(draft, "triggerRule", triggerRuleNames) ?? "all_success",
    ...retrySpec(draft, options),
    ...placeSpec(draft, options),
    dependsOnPast: options.dependsOnPast ?? false,
    waitForDownstream: options.waitForDownstream ?? false,
    isolation: oneOf(draft, "isolation", ["warm", "fresh"]) ?? "warm",
    onLost: oneOf(draft, "onLost", ["retry", "fail"]) ?? "retry",
    inputSchema: schemaOf(draft, "input", options.input),
    outputSchema: schemaOf(draft, "output", options.output),
  };
  return { ...task, digest: digestOf(task) };
}

const retrySpec = (draft: NodeDraft, options: TaskOptions) => ({
  retries: count(draft, "retries", 0) ?? 0,
  retryDelaySeconds: seconds(options.retryDelay) ?? 300,
  retryBackoff: backoff(draft, options.retryBackoff),
  maxRetryDelaySeconds: seconds(options.maxRetryDelay),
  executionTimeoutSeconds: seconds(options.timeout),
});

const placeSpec = (draft: NodeDraft, options: TaskOptions) => ({
  pool: options.pool ?? "default_pool",
  poolSlots: count(draft, "poolSlots", 1) ?? 1,
  priorityWeight: priority(draft, options.priority),
  weightRule: oneOf(draft, "weightRule", ["downstream", "upstream", "absolute"]) ?? "downstream",
  queue: options.queue ?? "default",
  executor: options.executor ?? null,
  maxActivePerDag: count(draft, "maxActivePerDag", 1),
  maxActivePerRun: count(draft, "maxActivePerRun", 1),
});

const branchIds = (branches: ReadonlyMap<string, readonly NodeDraft[]>): Record<string, readonly string[]> =>
  Object.fromEntries([...branches].map(([key, nodes]) => [key, nodes.map(({ id }) => id).sort()]));

const seconds = (value: Duration | undefined): number | null => (value === undefined ? null : parseDuration(value));

const schemaOf = (draft: NodeDraft, name: "input" | "output", schema: Schema | undefined): Json =>
  schema === undefined ? null : toJsonSchema(`${name}\` of task \`${draft.id}`, schema, name);

function backoff(draft: NodeDraft, value: number | boolean | undefined): number {
  if (value === undefined || value === false) return 1;
  if (value === true) return 2;
  if (Number.isFinite(value) && value >= 1) return value;
  throw optionInvalid(draft, "retryBackoff", "Write a number of at least 1, or true for 2.");
}

function priority(draft: NodeDraft, value: number | undefined): number {
  if (value === undefined) return 1;
  if (Number.isSafeInteger(value)) return value;
  throw optionInvalid(draft, "priority", "Write a whole number; higher goes first.");
}

type CountOption = "retries" | "poolSlots" | "maxActivePerDag" | "maxActivePerRun";

function count(draft: NodeDraft, name: CountOption, least: number): number | null {
  const value = draft.options[name];
  if (value === undefined) return null;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw optionInvalid(draft, name, `Write a whole number of at least ${least}.`);
}

type ChoiceOption = "triggerRule" | "isolation" | "onLost" | "weightRule";

function oneOf<T extends string>(draft: NodeDraft, name: ChoiceOption, choices: readonly T[]): T | null {
  const value: string | undefined = draft.options[name];
  if (value === undefined) return null;
  const choice = choices.find((one) => one === value);
  if (choice !== undefined) return choice;
  throw optionInvalid(draft, name, `It is one of: ${choices.join(", ")}.`);
}

const optionInvalid = ({ id, options }: NodeDraft, name: keyof TaskOptions, hint: string) =>
  dagInvalid(`\`${name}\` of task \`${id}\` is ${JSON.stringify(options[name])}`, hint);
