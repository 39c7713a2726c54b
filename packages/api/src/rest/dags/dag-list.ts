import { dagRunStates } from "@airloom/core";
import type { Condition, DagField } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { flag, listOf, repeated } from "../../http/list-query.ts";
import { is, versionsOf } from "../find.ts";
import { dagShape } from "./dag-shape.ts";

const special = z.object({
  tags: repeated(z.string().max(100)),
  tags_match_mode: z.enum(["any", "all"]).default("any"),
  owners: repeated(z.string().max(250)),
  exclude_stale: flag.default(true),
  dag_run_state: repeated(z.enum(dagRunStates as [string, ...string[]])),
});

/** What `GET /dags` and the pausing of many understand. */
export const dagList = listOf<DagField>(
  {
    orderBy: {
      dag_id: "dagId",
      dag_display_name: "displayName",
      next_dagrun: "nextRunAfter",
      is_paused: "isPaused",
      last_run_state: "lastRunState",
      last_run_start_date: "lastRunStartedAt",
    },
    anyOf: {
      paused: { field: "isPaused", of: "flag" },
      has_import_errors: { field: "hasImportErrors", of: "flag" },
      is_scheduled: { field: "isScheduled", of: "flag" },
      last_dag_run_state: { field: "lastRunState", of: dagRunStates },
    },
    text: { dag_id: "dagId", dag_display_name: "displayName" },
    range: { dag_run_start_date: { field: "lastRunStartedAt", of: "instant" } },
  },
  special.shape,
);

type DagListInput = Parameters<typeof dagList.toQuery>[0];

/** Conditions beyond the table's. */
function specialConditions(input: DagListInput): readonly Condition<DagField>[] {
  const { tags, tags_match_mode, owners, exclude_stale, dag_run_state } = input as unknown as z.output<typeof special>;
  return [
    ...(exclude_stale ? [is("isStale" as const, false)] : []),
    ...(tags ? [{ kind: "holds" as const, field: "tags" as const, values: tags, all: tags_match_mode === "all" }] : []),
    ...(owners ? [{ kind: "holds" as const, field: "owners" as const, values: owners, all: false }] : []),
    ...(dag_run_state
      ? [{ kind: "holds" as const, field: "runStates" as const, values: dag_run_state, all: false }]
      : []),
  ];
}

/** One page of Dags. */
export const findDags = (deps: ApiDeps, input: DagListInput) =>
  deps.reads.listDags(dagList.toQuery(input, specialConditions(input)));

/** As `DAGCollectionResponse`. */
export async function dagCollection(deps: ApiDeps, { rows, total }: Awaited<ReturnType<typeof findDags>>) {
  const versions = await versionsOf(
    deps,
    rows.map((dag) => dag.versionId),
  );
  return { dags: rows.map((dag) => dagShape(dag, versions.get(dag.versionId))), total_entries: total };
}
