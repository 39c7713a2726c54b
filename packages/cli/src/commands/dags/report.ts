import type { Command } from "commander";
import { type DagEntity, dagPath } from "../../client/entities.ts";
import { listAll } from "../../client/pages.ts";
import type { Environment } from "../../context.ts";
import { secondsText } from "../../output/moment.ts";
import type { Column } from "../../output/table.ts";
import { overApi } from "../invocation.ts";

interface FileReport {
  readonly file: string;
  /** Seconds that the last look at the file took; null when it is not known. */
  readonly duration: number | null;
  readonly dag_num: number;
  readonly task_num: number;
  readonly dags: readonly string[];
}

const columns: readonly Column<FileReport>[] = [
  { title: "FILE", text: ({ file }) => file },
  { title: "TOOK", text: ({ duration }) => secondsText(duration), right: true },
  { title: "DAGS", text: ({ dag_num }) => String(dag_num), right: true },
  { title: "TASKS", text: ({ task_num }) => String(task_num), right: true },
  { title: "IDS", text: ({ dags }) => dags.join(", ") },
];

/** `report`: what loading each file took and gave, the slowest first (as Airflow's). */
export function addReport(dags: Command, environment: Environment): void {
  overApi(
    dags.command("report").description("list Dag files by the time they take to load, with their Dags and tasks"),
    environment,
    async ({ api, print }) => {
      const found = await listAll<DagEntity>(api, {
        path: "/api/v2/dags",
        items: "dags",
        query: { order_by: "dag_id" },
      });
      const byFile = new Map<string, DagEntity[]>();
      for (const dag of found) {
        const file = dag.relative_fileloc ?? dag.fileloc ?? "-";
        byFile.set(file, [...(byFile.get(file) ?? []), dag]);
      }
      const reports: FileReport[] = [];
      for (const [file, own] of byFile) {
        const tasks = [];
        for (const { dag_id } of own)
          tasks.push(await api.call<{ readonly total_entries: number }>({ path: `${dagPath(dag_id)}/tasks` }));
        reports.push({
          file,
          duration: own.find(({ last_parse_duration }) => last_parse_duration !== null)?.last_parse_duration ?? null,
          dag_num: own.length,
          task_num: tasks.reduce((sum, { total_entries }) => sum + total_entries, 0),
          dags: own.map(({ dag_id }) => dag_id),
        });
      }
      reports.sort((a, b) => (b.duration ?? 0) - (a.duration ?? 0) || (a.file < b.file ? -1 : 1));
      print.rows(columns, reports, "There are no Dags.");
    },
  );
}
