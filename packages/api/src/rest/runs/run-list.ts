import { dagRunStates, runTypes } from "@airloom/core";
import { type Condition, type DagRunField, type DagRunListing, type Listed, listLimit } from "@airloom/store";
import { z } from "zod";
import { instant } from "../../http/instant.ts";
import { listOf, maxLimit } from "../../http/list-query.ts";
import { is } from "../find.ts";
import { runShape } from "./run-shape.ts";

const ranges = {
  run_after: { field: "runAfter", of: "instant" },
  logical_date: { field: "logicalDate", of: "instant" },
  start_date: { field: "startedAt", of: "instant" },
  end_date: { field: "endedAt", of: "instant" },
  updated_at: { field: "updatedAt", of: "instant" },
  duration: { field: "duration", of: "number" },
} as const;

/** What lists of runs understand. */
export const runList = listOf<DagRunField>(
  {
    orderBy: {
      id: "key",
      dag_id: "dagId",
      run_id: "runId",
      dag_run_id: "runId",
      run_type: "runType",
      state: "state",
      logical_date: "logicalDate",
      run_after: "runAfter",
      start_date: "startedAt",
      end_date: "endedAt",
      queued_at: "queuedAt",
      updated_at: "updatedAt",
      duration: "duration",
    },
    anyOf: {
      state: { field: "state", of: dagRunStates },
      run_type: { field: "runType", of: runTypes },
      dag_version: { field: "versionNumber", of: "integer" },
    },
    text: { run_id: "runId", triggering_user_name: "triggeringUser", dag_id: "dagId" },
    range: ranges,
  },
  { conf_contains: z.string().max(1_000).optional() },
);

/** What is in the text of a run's `conf`. */
export const confCondition = (text: unknown): readonly Condition<DagRunField>[] =>
  typeof text === "string" ? [{ kind: "like", field: "conf", patterns: [text.replaceAll(/[\\%_]/g, "\\$&")] }] : [];

/** As `DAGRunCollectionResponse`. */
export const runCollection = ({ rows, total, capped }: Listed<DagRunListing>) => ({
  dag_runs: rows.map(runShape),
  total_entries: total,
  total_entries_limit: capped ? listLimit : null,
  next_cursor: null,
  previous_cursor: null,
});

const comparisons = { gte: ">=", gt: ">", lte: "<=", lt: "<" } as const;
const batchRanges = ["run_after", "logical_date", "start_date", "end_date", "duration"] as const;

/** The four bounds of each range, as fields of a body. */
export const rangeFields = Object.fromEntries(
  batchRanges.flatMap((name) =>
    Object.keys(comparisons).map((suffix) => [
      `${name}_${suffix}`,
      (name === "duration" ? z.number() : instant).nullish(),
    ]),
  ),
);

/** Conditions from such fields. */
export const rangeConditions = (body: Readonly<Record<string, unknown>>) =>
  batchRanges.flatMap((name) =>
    Object.entries(comparisons).flatMap(([suffix, comparison]) => {
      const value = body[`${name}_${suffix}`];
      return value instanceof Date || typeof value === "number"
        ? [{ kind: "compare" as const, field: ranges[name].field, is: comparison, value }]
        : [];
    }),
  );

export const batchPaging = {
  order_by: z.string().max(250).nullish(),
  page_offset: z.number().int().min(0).max(2_147_483_647).default(0),
  page_limit: z
    .number()
    .int()
    .min(0)
    .default(maxLimit)
    .transform((limit) => Math.min(limit, maxLimit)),
};

/** Body of `POST dagRuns/list`. */
export const runBatch = z.strictObject({
  ...batchPaging,
  ...rangeFields,
  dag_ids: z.array(z.string().max(250)).max(1_000).nullish(),
  states: z.array(z.enum(dagRunStates as [string, ...string[]]).nullable()).nullish(),
  conf_contains: z.string().max(1_000).nullish(),
});

export function runBatchQuery(body: z.output<typeof runBatch>) {
  const page = {
    limit: body.page_limit,
    offset: body.page_offset,
    order_by: body.order_by ? [body.order_by] : undefined,
  };
  return runList.toQuery(page, [
    ...(body.dag_ids ? [is("dagId" as const, ...body.dag_ids)] : []),
    ...(body.states ? [is("state" as const, ...body.states)] : []),
    ...confCondition(body.conf_contains),
    ...rangeConditions(body),
  ]);
}
