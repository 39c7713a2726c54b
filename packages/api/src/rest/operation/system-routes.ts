import { createHash } from "node:crypto";
import { AirloomError } from "@airloom/core";
import { z } from "zod";
import type { ApiDeps, Configuration } from "../../api-deps.ts";
import { iso } from "../../http/instant.ts";
import { flag, paging, repeated } from "../../http/list-query.ts";
import { negotiate } from "../../http/negotiate.ts";
import { type AnyRoute, route } from "../../http/route.ts";

/** A job silent so long is not alive, ms (as health). */
const silentMs = 30_000;

const jobQuery = z.object({
  limit: paging.limit,
  offset: paging.offset,
  order_by: paging.order_by,
  is_alive: flag.optional(),
  job_type: z.string().max(250).optional(),
  hostname: z.string().max(500).optional(),
  job_state: z.string().max(250).optional(),
  dag_id: z.string().max(250).optional(),
  executor_class: z.string().max(250).optional(),
});

/** The installation itself: its processes, its configuration, and what Airflow's clients ask for that there is none of. */
export const systemRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  ...jobRoutes(deps),
  ...configRoutes(deps),
  ...emptyRoutes(),
];

const jobRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/jobs",
    summary: "Get Jobs",
    can: "read",
    query: jobQuery,
    handle: async ({ query }) => {
      const jobs = (await allJobs(deps)).filter((job) => fits(job, query));
      const sorted = sortJobs(jobs, query.order_by?.[0] ?? "id");
      return { jobs: sorted.slice(query.offset, query.offset + query.limit), total_entries: jobs.length };
    },
  }),
];

const jobTypes: Readonly<Record<string, string>> = {
  scheduler: "SchedulerJob",
  dag_processor: "DagProcessorJob",
  triggerer: "TriggererJob",
  api: "ApiServerJob",
  worker: "WorkerJob",
};

const allJobs = ({ store }: ApiDeps) =>
  store.tx(async (tx) => {
    const [services, workers] = await Promise.all([tx.listServices(), tx.listWorkers({})]);
    const held = workers.map(({ workerId, ...worker }) => ({ ...worker, kind: "worker", id: workerId }));
    return [...services.map((service) => ({ ...service, executor: null })), ...held].map((job) => ({
      id: numberOf(`${job.kind} ${job.id}`),
      dag_id: null,
      state: tx.now.getTime() - job.heartbeatAt.getTime() < silentMs ? "running" : "failed",
      job_type: jobTypes[job.kind] ?? job.kind,
      start_date: iso(job.startedAt),
      end_date: null,
      latest_heartbeat: iso(job.heartbeatAt),
      executor_class: job.executor,
      hostname: job.hostname,
      unixname: null,
      team_name: null,
      bundle_names: null,
      dag_display_name: null,
    }));
  });
type Job = Awaited<ReturnType<typeof allJobs>>[number];

/** Processes are known by text; Airflow's clients want a number that stays the same. */
const numberOf = (name: string): number => createHash("sha256").update(name).digest().readUInt32BE() & 0x7fffffff;

const fits = (job: Job, query: z.output<typeof jobQuery>): boolean =>
  (query.is_alive === undefined || (job.state === "running") === query.is_alive) &&
  (query.job_type === undefined || job.job_type === query.job_type) &&
  (query.hostname === undefined || job.hostname === query.hostname) &&
  (query.job_state === undefined || job.state === query.job_state) &&
  (query.executor_class === undefined || job.executor_class === query.executor_class) &&
  query.dag_id === undefined;

const jobOrder = ["id", "state", "job_type", "start_date", "latest_heartbeat", "hostname"] as const;

function sortJobs(jobs: readonly Job[], orderBy: string): readonly Job[] {
  const name = jobOrder.find((one) => one === orderBy.replace(/^-/, ""));
  if (!name)
    throw new AirloomError("BAD_REQUEST", {
      reason: `It cannot be ordered by "${orderBy}"; it can be by ${jobOrder.join(", ")}.`,
    });
  const key = (job: Job) => job[name] ?? "";
  const sorted = jobs.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  return orderBy.startsWith("-") ? sorted.reverse() : sorted;
}

const configRoutes = ({ configuration }: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/config",
    summary: "Get Config",
    can: "read configuration",
    query: z.object({ section: z.string().max(250).optional() }),
    handle: async ({ query, request, reply }) => {
      const type = negotiate(request, ["application/json", "text/plain"]);
      const sections = exposedSections(configuration).filter(({ name }) => (query.section ?? name) === name);
      if (sections.length === 0) throw new AirloomError("NOT_FOUND", { what: `Section ${query.section}` });
      return type === "application/json"
        ? { sections }
        : reply.type("text/plain; charset=utf-8").send(configText(sections));
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/config/section/{section}/option/{option}",
    summary: "Get Config Value",
    can: "read configuration",
    params: z.object({ section: z.string().max(250), option: z.string().max(250) }),
    handle: async ({ params, request, reply }) => {
      const type = negotiate(request, ["application/json", "text/plain"]);
      const section = exposedSections(configuration).find(({ name }) => name === params.section);
      const options = section?.options.filter(({ key }) => key === params.option) ?? [];
      if (options.length === 0)
        throw new AirloomError("NOT_FOUND", { what: `Option [${params.section}] ${params.option}` });
      const sections = [{ name: params.section, options }];
      return type === "application/json"
        ? { sections }
        : reply.type("text/plain; charset=utf-8").send(configText(sections));
    },
  }),
];

/** @throws FORBIDDEN unless the installation says that its configuration may be read */
function exposedSections({ exposed, sections }: Configuration) {
  if (!exposed)
    throw new AirloomError("FORBIDDEN", { reason: "the configuration is not exposed (AIRLOOM__API__EXPOSE_CONFIG)" });
  return sections.map(({ name, options }) => ({
    name,
    options: options.map(({ key, value }) => ({ key, value: value ?? "< hidden >" })),
  }));
}

const configText = (sections: ReturnType<typeof exposedSections>): string =>
  sections
    .map(({ name, options }) => `[${name}]\n${options.map(({ key, value }) => `${key} = ${value}`).join("\n")}\n`)
    .join("\n");

const pageQuery = z.object({ limit: paging.limit, offset: paging.offset, order_by: repeated(z.string()) });

/** There are no Python plugins or providers to list; clients that ask get the shape they know. */
const emptyRoutes = (): readonly AnyRoute[] =>
  [
    { path: "/api/v2/plugins", summary: "Get Plugins", answer: { plugins: [], total_entries: 0 } },
    { path: "/api/v2/plugins/importErrors", summary: "Import Errors", answer: { import_errors: [], total_entries: 0 } },
    { path: "/api/v2/providers", summary: "Get Providers", answer: { providers: [], total_entries: 0 } },
  ].map(({ path, summary, answer }) =>
    route({ method: "GET", path, summary, can: "read configuration", query: pageQuery, handle: async () => answer }),
  );
