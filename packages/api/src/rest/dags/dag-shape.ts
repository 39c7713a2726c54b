import { type DagSpec, parseTimetable, type TaskSpec } from "@airloom/core";
import type { Version } from "@airloom/runs";
import type { DagListing } from "@airloom/store";
import { iso } from "../../http/instant.ts";

/** Where a Dag's code comes from: one folder, as yet. */
export const bundleName = "dags-folder";

const unscheduled: ReadonlySet<string> = new Set(["none", "once", "continuous"]);

/** A Dag as `DAGResponse`. */
export function dagShape(dag: DagListing, version: Version | undefined) {
  const spec = version?.graph.spec;
  const timetable = spec && parseTimetable(spec.schedule);
  const periodic = spec !== undefined && !unscheduled.has(spec.schedule.kind);
  return {
    dag_id: dag.dagId,
    dag_display_name: dag.displayName,
    is_paused: dag.isPaused,
    is_stale: dag.isStale,
    last_parsed_time: iso(dag.lastParsedAt),
    last_parse_duration: dag.parseSeconds,
    last_expired: null,
    bundle_name: bundleName,
    bundle_version: null,
    relative_fileloc: dag.file,
    fileloc: dag.file,
    description: dag.description,
    timetable_summary: spec?.schedule.kind === "none" ? null : (timetable?.summary ?? null),
    timetable_description: timetable?.description ?? null,
    timetable_partitioned: false,
    timetable_periodic: periodic,
    tags: dag.tags.map((name) => ({ name, dag_id: dag.dagId, dag_display_name: dag.displayName })),
    max_active_tasks: dag.maxActiveTasks,
    max_active_runs: dag.maxActiveRuns,
    max_consecutive_failed_dag_runs: dag.maxConsecutiveFailedRuns,
    has_task_concurrency_limits: spec?.tasks.some(isLimited) ?? false,
    has_import_errors: dag.hasImportErrors,
    next_dagrun_logical_date: iso(dag.nextRun?.logicalDate ?? null),
    next_dagrun_data_interval_start: iso(dag.nextRun?.intervalStart ?? null),
    next_dagrun_data_interval_end: iso(dag.nextRun?.intervalEnd ?? null),
    next_dagrun_run_after: iso(dag.nextRun?.runAfter ?? null),
    allowed_run_types: null,
    owners: dag.owners,
    is_backfillable: periodic,
    file_token: Buffer.from(dag.file).toString("base64url"),
  };
}

const isLimited = ({ maxActivePerDag, maxActivePerRun }: TaskSpec): boolean =>
  maxActivePerDag !== null || maxActivePerRun !== null;

/** What `DAGDetailsResponse` has besides. */
export function detailsShape(dag: DagListing, version: Version, activeRuns: number) {
  const { spec } = version.graph;
  return {
    ...dagShape(dag, version),
    catchup: spec.catchup,
    dag_run_timeout: spec.runTimeoutSeconds === null ? null : `PT${spec.runTimeoutSeconds}S`,
    asset_expression: null,
    doc_md: spec.docMd,
    start_date: spec.startDate,
    end_date: spec.endDate,
    is_paused_upon_creation: spec.pausedUponCreation,
    params: paramsShape(spec),
    render_template_as_native_obj: false,
    template_search_path: null,
    timezone: spec.schedule.kind === "cron" ? spec.schedule.timezone : "UTC",
    last_parsed: iso(dag.lastParsedAt),
    default_args: null,
    rerun_with_latest_version: null,
    owner_links: {},
    is_favorite: false,
    active_runs_count: activeRuns,
    team_name: null,
    concurrency: dag.maxActiveTasks,
    latest_dag_version: versionShape({
      versionId: version.row.id,
      versionNumber: version.row.number,
      versionCreatedAt: version.row.createdAt,
      dagId: dag.dagId,
      displayName: dag.displayName,
    }),
  };
}

/** Each param with its value, and its part of the schema. */
function paramsShape({ params: { schema, defaults } }: DagSpec) {
  const properties =
    typeof schema === "object" && schema !== null && !Array.isArray(schema)
      ? ((schema as { readonly properties?: Readonly<Record<string, { readonly description?: string }>> }).properties ??
        {})
      : {};
  const names = [...new Set([...Object.keys(properties), ...Object.keys(defaults)])];
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        value: defaults[name] ?? null,
        schema: properties[name] ?? {},
        description: properties[name]?.description ?? null,
        source: "dag",
      },
    ]),
  );
}

/** A version as `DagVersionResponse`. */
export const versionShape = (version: {
  readonly versionId: string;
  readonly versionNumber: number;
  readonly versionCreatedAt: Date;
  readonly dagId: string;
  readonly displayName: string;
}) => ({
  id: version.versionId,
  version_number: version.versionNumber,
  dag_id: version.dagId,
  bundle_name: bundleName,
  bundle_version: null,
  created_at: iso(version.versionCreatedAt),
  dag_display_name: version.displayName,
  bundle_url: null,
});
