import type { Command } from "commander";
import { type DagEntity, dagPath, type RunEntity, runPath, segment } from "../../client/entities.ts";
import { listAll } from "../../client/pages.ts";
import { resolveRunId } from "../../client/run-id.ts";
import { about } from "../../client/unknown-id.ts";
import type { Environment } from "../../context.ts";
import { momentText, secondsText } from "../../output/moment.ts";
import type { Printer } from "../../output/printer.ts";
import type { Column } from "../../output/table.ts";
import { instant, wholeNumber } from "../arguments.ts";
import { overApi } from "../invocation.ts";

const columnsFor = ({ paint }: Printer): readonly Column<RunEntity>[] => [
  { title: "RUN", text: ({ dag_run_id }) => dag_run_id },
  { title: "STATE", text: ({ state }) => state, paint: (text, { state }) => paint(text, state) },
  { title: "TYPE", text: ({ run_type }) => run_type },
  { title: "LOGICAL DATE", text: ({ logical_date }) => momentText(logical_date) },
  { title: "STARTED", text: ({ start_date }) => momentText(start_date) },
  { title: "TOOK", text: ({ duration }) => secondsText(duration), right: true },
];

interface RunsFlags {
  readonly state?: readonly string[];
  readonly limit: number;
  readonly startDate?: string;
  readonly endDate?: string;
}

/** `list-runs`, `state`, `next-execution`. */
export function addRuns(dags: Command, environment: Environment): void {
  overApi<RunsFlags, [dagId: string]>(
    dags
      .command("list-runs")
      .description("list runs of a Dag, newest first")
      .argument("<dag>", "~ = of every Dag")
      .option("--state <state...>", "queued, running, success, failed")
      .option("--limit <n>", "how many", wholeNumber(1), 25)
      .option("-s, --start-date <date>", "with a logical date from this on", instant)
      .option("-e, --end-date <date>", "with a logical date up to this", instant),
    environment,
    async ({ api, print, flags, args: [dagId] }) => {
      const query = {
        order_by: "-run_after",
        ...(flags.state && { state: flags.state }),
        ...(flags.startDate && { logical_date_gte: flags.startDate }),
        ...(flags.endDate && { logical_date_lte: flags.endDate }),
      };
      const listing = {
        path: dagId === "~" ? "/api/v2/dags/~/dagRuns" : `${dagPath(dagId)}/dagRuns`,
        items: "dag_runs",
        query,
      };
      const ids = dagId === "~" ? {} : { dagId };
      const runs = await about({ api, ids }, () => listAll<RunEntity>(api, { ...listing, limit: flags.limit }));
      const columns = columnsFor(print);
      const dag: Column<RunEntity> = { title: "DAG", text: ({ dag_id }) => dag_id };
      print.rows(dagId === "~" ? [dag, ...columns] : columns, runs, "There are no such runs.");
    },
  );
  overApi<object, [dagId: string, run: string]>(
    dags
      .command("state")
      .description("print the state of a run")
      .argument("<dag>")
      .argument("<run>", "its id, its logical date, or latest"),
    environment,
    async ({ api, print, args: [dagId, given] }) => {
      const run = await about({ api, ids: { dagId, runId: given } }, async () => {
        const byDate = await runOfDate(given, (logical_date_gte) =>
          api.call({
            path: `${dagPath(dagId)}/dagRuns`,
            query: { logical_date_gte, logical_date_lte: logical_date_gte },
          }),
        );
        return byDate ?? api.call<RunEntity>({ path: runPath(dagId, await resolveRunId(api, dagId, given)) });
      });
      print.done(run.state, run);
    },
  );
  addNextExecution(dags, environment);
}

/** Airflow names a run here by its logical date: accepted where it is one. */
async function runOfDate(
  given: string,
  find: (date: string) => Promise<{ readonly dag_runs: readonly RunEntity[] }>,
): Promise<RunEntity | null> {
  if (!/^\d{4}-\d\d-\d\d/.test(given)) return null;
  return (await find(instant(given))).dag_runs[0] ?? null;
}

interface NextRun {
  readonly logical_date: string | null;
  readonly data_interval_start: string | null;
  readonly data_interval_end: string | null;
  readonly run_after: string | null;
}

const nextColumns: readonly Column<NextRun>[] = [
  { title: "RUN AFTER", text: ({ run_after }) => momentText(run_after) },
  { title: "LOGICAL DATE", text: ({ logical_date }) => momentText(logical_date) },
  { title: "INTERVAL START", text: ({ data_interval_start }) => momentText(data_interval_start) },
  { title: "INTERVAL END", text: ({ data_interval_end }) => momentText(data_interval_end) },
];

function addNextExecution(dags: Command, environment: Environment): void {
  overApi<{ numExecutions: number }, [dagId: string]>(
    dags
      .command("next-execution")
      .description("when the next runs of a Dag are due")
      .argument("<dag>")
      .option("-n, --num-executions <n>", "how many", wholeNumber(1), 1),
    environment,
    async ({ api, print, flags, args: [dagId] }) => {
      const dag = await about({ api, ids: { dagId } }, () => api.call<DagEntity>({ path: dagPath(dagId) }));
      const { next_runs } = await api.call<{ next_runs: readonly NextRun[] }>({
        path: `/api/airloom/next-runs/${segment(dagId)}`,
        query: { count: flags.numExecutions },
      });
      if (dag.is_paused) process.stderr.write(`warning: ${dagId} is paused: no run is made until it is unpaused.\n`);
      print.rows(
        nextColumns,
        next_runs,
        `${dagId} has no further run by its schedule (${dag.timetable_summary ?? "none"}).`,
      );
    },
  );
}
