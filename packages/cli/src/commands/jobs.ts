import { type Command, Option } from "commander";
import type { HealthEntity } from "../client/entities.ts";
import type { Environment } from "../context.ts";
import { momentText } from "../output/moment.ts";
import type { Column } from "../output/table.ts";
import { overApi } from "./invocation.ts";

interface Job {
  readonly job_type: "scheduler" | "dag-processor";
  readonly status: string;
  readonly latest_heartbeat: string | null;
}

/** `airloom jobs check`: for health checks of containers. */
export function addJobsCommands(program: Command, environment: Environment): void {
  const jobs = program.command("jobs").description("the processes of the control plane");
  overApi<{ jobType?: string }>(
    jobs
      .command("check")
      .description("exit code 0 when a process of this type is alive, else 1")
      .addOption(new Option("--job-type <type>", "only this one").choices(["scheduler", "dag-processor"])),
    environment,
    async ({ api, print, flags }) => {
      const found = jobsOf(await api.call<HealthEntity>({ path: "/api/v2/monitor/health" }));
      const wanted = found.filter(({ job_type }) => flags.jobType === undefined || job_type === flags.jobType);
      const columns: Column<Job>[] = [
        { title: "JOB", text: ({ job_type }) => job_type },
        { title: "STATUS", text: ({ status }) => status, paint: (text, { status }) => print.paint(text, status) },
        { title: "LAST HEARTBEAT", text: ({ latest_heartbeat }) => momentText(latest_heartbeat) },
      ];
      print.rows(columns, wanted, "");
      return wanted.every(({ status }) => status === "healthy") ? 0 : 1;
    },
  );
}

const jobsOf = ({ scheduler, dag_processor }: HealthEntity): readonly Job[] => [
  {
    job_type: "scheduler",
    status: scheduler.status ?? "unhealthy",
    latest_heartbeat: scheduler.latest_scheduler_heartbeat ?? null,
  },
  {
    job_type: "dag-processor",
    status: dag_processor.status ?? "unhealthy",
    latest_heartbeat: dag_processor.latest_dag_processor_heartbeat ?? null,
  },
];
