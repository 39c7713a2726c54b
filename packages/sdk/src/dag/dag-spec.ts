import { type ArgSpec, type DagSpec, type Json, parseDuration, specFormat, type TaskSpec } from "@airloom/core";
import { dagInvalid } from "../authoring-error.ts";
import type { DagOptions } from "./dag-options.ts";
import type { DagScope } from "./draft.ts";
import { toInstant } from "./instant.ts";
import type { ParamsSpec } from "./params.ts";
import { toTimetable } from "./schedule.ts";

export interface SpecParts {
  readonly id: string;
  readonly options: DagOptions;
  readonly params: ParamsSpec;
  readonly data: Json;
  readonly scope: DagScope;
  readonly tasks: readonly TaskSpec[];
}

/** A Dag as data. Defaults are Airflow's. */
export function toDagSpec({ id, options, params, data, scope, tasks }: SpecParts): DagSpec {
  return {
    format: specFormat,
    dagId: id,
    displayName: options.displayName ?? id,
    description: options.description ?? null,
    docMd: options.docMd ?? null,
    tags: [...new Set(options.tags ?? [])].sort(),
    owners: [...new Set(options.owners ?? [])],
    schedule: toTimetable(options.schedule),
    startDate: toInstant("startDate", options.startDate),
    endDate: toInstant("endDate", options.endDate),
    catchup: options.catchup ?? false,
    maxActiveRuns: count(id, options, "maxActiveRuns") ?? 16,
    maxActiveTasks: count(id, options, "maxActiveTasks") ?? 16,
    maxConsecutiveFailedRuns: count(id, options, "maxConsecutiveFailedRuns") ?? 0,
    runTimeoutSeconds: options.runTimeout === undefined ? null : parseDuration(options.runTimeout),
    failFast: options.failFast ?? false,
    pausedUponCreation: options.pausedUponCreation ?? null,
    params,
    needsLogicalDate: tasks.some(({ args }) => args.some(readsLogicalDate)),
    data,
    groups: [...scope.groups.values()].map((group) => ({
      id: group.id,
      displayName: group.displayName,
      tooltip: group.tooltip,
      parent: group.parent?.id ?? null,
    })),
    tasks,
    edgeLabels: scope.labels,
  };
}

const least = { maxActiveRuns: 1, maxActiveTasks: 1, maxConsecutiveFailedRuns: 0 } as const;

function count(id: string, options: DagOptions, name: keyof typeof least): number | null {
  const value = options[name];
  if (value === undefined) return null;
  if (Number.isSafeInteger(value) && value >= least[name]) return value;
  throw dagInvalid(
    `\`${name}\` of Dag \`${id}\` is ${JSON.stringify(value)}`,
    `Write a whole number of at least ${least[name]}.`,
  );
}

/** The interval follows from the logical date: a run without the one has no other. */
function readsLogicalDate(arg: ArgSpec): boolean {
  if (arg.kind === "run") return ["logicalDate", "intervalStart", "intervalEnd"].includes(arg.field);
  if (arg.kind === "array") return arg.items.some(readsLogicalDate);
  return arg.kind === "object" && Object.values(arg.entries).some(readsLogicalDate);
}
