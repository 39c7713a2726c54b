import { nextRunOf, type Version } from "@airloom/runs";
import type { DagRow, RunTimesRow } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { iso } from "../../http/instant.ts";
import { integer } from "../../http/list-query.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { dagIn } from "../find.ts";
import { dagPath } from "../ids.ts";

/** The next runs that a Dag's schedule wants: the one that stands, and those after it. */
export const nextRunRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/airloom/next-runs/{dag_id}",
    summary: "The next runs by the schedule",
    can: "read",
    params: dagPath,
    query: z.object({ count: integer.min(1).max(1_000).default(1) }),
    handle: ({ params: { dag_id }, query: { count } }) =>
      deps.store.tx(async (tx) => {
        const dag = await dagIn(tx, dag_id);
        const runs = nextRuns(dag, await deps.versions.load(tx, dag.versionId), { count, now: tx.now });
        return {
          dag_id,
          next_runs: runs.map((run) => ({
            logical_date: iso(run.logicalDate),
            data_interval_start: iso(run.intervalStart),
            data_interval_end: iso(run.intervalEnd),
            run_after: iso(run.runAfter),
          })),
        };
      }),
  }),
];

function nextRuns(
  { nextRun }: DagRow,
  version: Version,
  { count, now }: { readonly count: number; readonly now: Date },
): readonly RunTimesRow[] {
  const runs: RunTimesRow[] = [];
  for (let next = nextRun; next && runs.length < count; next = nextRunOf(version, next, now)) runs.push(next);
  return runs;
}
