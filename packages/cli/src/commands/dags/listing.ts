import type { Command } from "commander";
import { type DagEntity, dagPath, type ImportErrorEntity } from "../../client/entities.ts";
import { listAll } from "../../client/pages.ts";
import { about } from "../../client/unknown-id.ts";
import type { Environment } from "../../context.ts";
import { momentText } from "../../output/moment.ts";
import type { Column } from "../../output/table.ts";
import { overApi } from "../invocation.ts";

const columns: readonly Column<DagEntity>[] = [
  { title: "DAG", text: ({ dag_id }) => dag_id },
  { title: "PAUSED", text: ({ is_paused }) => (is_paused ? "yes" : "no") },
  { title: "SCHEDULE", text: ({ timetable_summary }) => timetable_summary ?? "-" },
  { title: "NEXT RUN", text: ({ next_dagrun_run_after }) => momentText(next_dagrun_run_after) },
  { title: "TAGS", text: ({ tags }) => tags.map(({ name }) => name).join(", ") || "-" },
  { title: "FILE", text: ({ relative_fileloc, fileloc }) => relative_fileloc ?? fileloc ?? "-" },
];

interface ListFlags {
  readonly tags?: readonly string[];
  readonly paused?: true;
  readonly active?: true;
  readonly pattern?: string;
}

/** `list`, `details`, `list-import-errors`. */
export function addListing(dags: Command, environment: Environment): void {
  overApi<ListFlags>(
    dags
      .command("list")
      .description("list Dags")
      .option("--tags <tag...>", "those with any of these tags")
      .option("--paused", "paused ones only")
      .option("--active", "unpaused ones only")
      .option("--pattern <text>", "those whose id contains it; % and _ are wildcards"),
    environment,
    async ({ api, print, flags }) => {
      const query = {
        order_by: "dag_id",
        ...(flags.tags && { tags: flags.tags }),
        ...(flags.pattern !== undefined && { dag_id_pattern: flags.pattern }),
        ...((flags.paused || flags.active) && { paused: flags.paused === true }),
      };
      const found = await listAll<DagEntity>(api, { path: "/api/v2/dags", items: "dags", query });
      print.rows(
        columns,
        found,
        "There are no Dags. Put Dag files into the Dags folder (airloom info shows where it is).",
      );
    },
  );
  overApi<object, [dagId: string]>(
    dags.command("details").description("show everything known about a Dag").argument("<dag>"),
    environment,
    async ({ api, print, args: [dagId] }) => {
      const details = await about({ api, ids: { dagId } }, () =>
        api.call<Readonly<Record<string, unknown>>>({ path: `${dagPath(dagId)}/details` }),
      );
      print.fields(details);
    },
  );
  addImportErrors(dags, environment);
}

function addImportErrors(dags: Command, environment: Environment): void {
  overApi(
    dags.command("list-import-errors").description("show Dag files that do not load; exit code 1 when there are any"),
    environment,
    async ({ api, print }) => {
      const found = await listAll<ImportErrorEntity>(api, {
        path: "/api/v2/importErrors",
        items: "import_errors",
        query: { order_by: "filename" },
      });
      if (print.format !== "table") print.rows(errorColumns, found, "");
      else if (found.length === 0) print.say("Every Dag file loads.");
      for (const error of print.format === "table" ? found : []) print.say(errorText(error));
      return found.length > 0 ? 1 : 0;
    },
  );
}

const errorColumns: readonly Column<ImportErrorEntity>[] = [
  { title: "FILE", text: ({ filename }) => filename },
  { title: "AT", text: ({ timestamp }) => momentText(timestamp) },
  { title: "ERROR", text: ({ stack_trace }) => stack_trace },
];

/** A stack has many lines: it does not fit into a table. */
const errorText = ({ filename, timestamp, stack_trace }: ImportErrorEntity): string =>
  `${filename}  (${momentText(timestamp)})\n${stack_trace.replace(/^/gm, "  ")}\n`;
