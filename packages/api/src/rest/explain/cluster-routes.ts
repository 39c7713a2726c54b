import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { iso } from "../../http/instant.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { quarantineList } from "./quarantine.ts";

/** What runs Airloom, and what room there is. */
export const clusterRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/airloom/cluster",
    summary: "Services, workers, the room executors have, and what is in quarantine",
    can: "read",
    query: z.object({}),
    handle: async () => {
      const executors = await deps.reads.listExecutors();
      return deps.store.tx(async (tx) => {
        const [services, workers, quarantine] = await Promise.all([
          tx.listServices(),
          tx.listWorkers({}),
          quarantineList(tx),
        ]);
        return {
          now: iso(tx.now),
          services: services.map(({ kind, id, hostname, pid, startedAt, heartbeatAt }) => ({
            kind,
            id,
            hostname,
            pid,
            started_at: iso(startedAt),
            heartbeat_at: iso(heartbeatAt),
          })),
          workers: workers.map((worker) => ({
            id: worker.workerId,
            hostname: worker.hostname,
            pid: worker.pid,
            executor: worker.executor,
            queues: worker.queues,
            slots: worker.slots,
            started_at: iso(worker.startedAt),
            heartbeat_at: iso(worker.heartbeatAt),
          })),
          executors,
          quarantine,
        };
      });
    },
  }),
];
