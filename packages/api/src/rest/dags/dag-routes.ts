import { AirloomError } from "@airloom/core";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import type { Actor } from "../../auth/permissions.ts";
import { repeated } from "../../http/list-query.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { record } from "../audit.ts";
import { dagIn, dagListing, versionsOf } from "../find.ts";
import { dagPath } from "../ids.ts";
import { dagCollection, dagList, findDags } from "./dag-list.ts";
import { dagShape, detailsShape } from "./dag-shape.ts";
import { checkMask, setPaused } from "./pause.ts";

const mask = z.object({ update_mask: repeated(z.string().max(250)) });
const patchBody = z.strictObject({ is_paused: z.boolean() });

/** Dags: what there is, and whether it runs. */
export const dagRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/dags",
    summary: "Get Dags",
    can: "read",
    query: dagList.query,
    handle: async ({ query }) => dagCollection(deps, await findDags(deps, query)),
  }),
  route({
    method: "PATCH",
    path: "/api/v2/dags",
    summary: "Patch Dags",
    can: "change Dags",
    query: dagList.query,
    body: patchBody,
    handle: async ({ query, body, actor }) => {
      const found = await findDags(deps, query);
      const dagIds = found.rows.map((dag) => dag.dagId);
      await setPaused(deps, actor, { dagIds, paused: body.is_paused, event: "patch_dags" });
      const rows = found.rows.map((dag) => ({ ...dag, isPaused: body.is_paused }));
      return dagCollection(deps, { ...found, rows });
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/dags/{dag_id}",
    summary: "Get Dag",
    can: "read",
    params: dagPath,
    handle: ({ params }) => oneDag(deps, params.dag_id),
  }),
  route({
    method: "PATCH",
    path: "/api/v2/dags/{dag_id}",
    summary: "Patch Dag",
    can: "change Dags",
    params: dagPath,
    query: mask,
    body: patchBody,
    handle: async ({ params: { dag_id }, query, body, actor }) => {
      checkMask(query.update_mask, ["is_paused"]);
      await dagListing(deps, dag_id);
      await setPaused(deps, actor, { dagIds: [dag_id], paused: body.is_paused, event: "patch_dag" });
      return oneDag(deps, dag_id);
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/dags/{dag_id}/details",
    summary: "Get Dag Details",
    can: "read",
    params: dagPath,
    handle: async ({ params: { dag_id } }) => {
      const dag = await dagListing(deps, dag_id);
      return deps.store.tx(async (tx) => {
        const active = (await tx.countActiveRuns([dag_id])).get(dag_id) ?? 0;
        return detailsShape(dag, await deps.versions.load(tx, dag.versionId), active);
      });
    },
  }),
  route({
    method: "DELETE",
    path: "/api/v2/dags/{dag_id}",
    summary: "Delete Dag",
    can: "change Dags",
    params: dagPath,
    handle: ({ params, actor }) => deleteDag(deps, actor, params.dag_id),
  }),
];

async function oneDag(deps: ApiDeps, dagId: string) {
  const dag = await dagListing(deps, dagId);
  return dagShape(dag, (await versionsOf(deps, [dag.versionId])).get(dag.versionId));
}

/** What is still running must end first. A file that still defines the Dag publishes it anew, without its history (as Airflow). */
async function deleteDag(deps: ApiDeps, actor: Actor, dagId: string) {
  await deps.store.tx(async (tx) => {
    const dag = await dagIn(tx, dagId);
    await tx.lockDags([dagId], { wait: true });
    const running = (await tx.countRunningRuns([dagId])).get(dagId) ?? 0;
    if (running > 0)
      throw new AirloomError("CONFLICT", {
        reason: `${running} runs of Dag "${dagId}" are still running: wait for them, or mark them failed first.`,
      });
    await tx.deleteDag(dagId);
    await tx.requestReparse(dag.file);
    await record(tx, actor, { event: "delete_dag", dagId });
  });
  deps.store.hint("dags");
  return {};
}
