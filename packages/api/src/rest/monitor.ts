import { z } from "zod";
import type { ApiDeps } from "../api-deps.ts";
import { type AnyRoute, route } from "../http/route.ts";

/** A service silent so long counts as unhealthy (as Airflow), ms. */
const silentMs = 30_000;

/** Health and version, as Airflow's; both need no login. */
export const monitorRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/monitor/health",
    summary: "Health of the components",
    can: "anyone",
    query: z.object({}),
    handle: () => health(deps),
  }),
  route({
    method: "GET",
    path: "/api/v2/version",
    summary: "Version",
    can: "anyone",
    query: z.object({}),
    handle: async () => ({ version: deps.version, git_version: null }),
  }),
];

async function health({ store }: ApiDeps) {
  try {
    return await store.tx(async (tx) => {
      const services = await tx.listServices();
      const newest = (kind: string): Date | null =>
        services
          .filter((service) => service.kind === kind)
          .map((service) => service.heartbeatAt)
          .sort((a, b) => b.getTime() - a.getTime())[0] ?? null;
      const status = (at: Date | null) => (at && tx.now.getTime() - at.getTime() < silentMs ? "healthy" : "unhealthy");
      const part = (kind: string) => {
        const at = newest(kind);
        return { status: status(at), detailed_status: null, [`latest_${kind}_heartbeat`]: at?.toISOString() ?? null };
      };
      return {
        metadatabase: { status: "healthy" },
        scheduler: part("scheduler"),
        triggerer: { status: null, latest_triggerer_heartbeat: null, detailed_status: null },
        dag_processor: part("dag_processor"),
      };
    });
  } catch {
    const unknown = { status: "unhealthy" };
    return { metadatabase: unknown, scheduler: unknown, triggerer: { status: null }, dag_processor: unknown };
  }
}
