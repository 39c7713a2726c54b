import { AirloomError } from "@airloom/core";
import type { PoolField, PoolRow, PoolUse, Tx } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { listOf, repeated } from "../../http/list-query.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { record } from "../audit.ts";
import { checkMask } from "../dags/pause.ts";
import { first, is } from "../find.ts";
import { bulkBody, runBulk } from "./bulk.ts";
import { pageOf, poolAnswer } from "./settings-answers.ts";

/** The pool every task is in that names no other. */
const defaultPool = "default_pool";

const poolPath = z.object({ pool_name: z.string().min(1).max(256) });
const slots = z.number().int().min(-1).max(2_147_483_647);
const words = z.string().max(10_000).nullish();
const noTeam = z.null("There are no teams: leave it out").optional();
const poolBody = z.strictObject({
  name: z.string().min(1).max(256),
  slots,
  description: words,
  include_deferred: z.boolean().default(false),
  team_name: noTeam,
});
const patchBody = z.strictObject({
  pool: z.string().max(256).nullish(),
  name: z.string().max(256).nullish(),
  slots: slots.nullish(),
  description: words,
  include_deferred: z.boolean().nullish(),
  team_name: noTeam,
});
type PoolBody = z.output<typeof poolBody>;
type PoolPatch = z.output<typeof patchBody>;

const poolList = listOf<PoolField>({
  orderBy: { id: "name", name: "name", pool: "name", slots: "slots", include_deferred: "includeDeferred" },
  text: { pool_name: "name" },
});

/** Pools: how many instances of what shares a name may be handed out at once. */
export const poolRoutes = (deps: ApiDeps): readonly AnyRoute[] => [...readRoutes(deps), ...writeRoutes(deps)];

const readRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/pools",
    summary: "Get Pools",
    answer: pageOf("pools", poolAnswer),
    can: "read",
    query: poolList.query,
    handle: async ({ query }) => {
      const { rows, total } = await deps.reads.listPools(poolList.toQuery(query));
      return { pools: rows.map(poolShape), total_entries: total };
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/pools/{pool_name}",
    summary: "Get Pool",
    answer: poolAnswer,
    can: "read",
    params: poolPath,
    handle: ({ params }) => onePool(deps, params.pool_name),
  }),
];

const writeRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "POST",
    path: "/api/v2/pools",
    summary: "Post Pool",
    answer: poolAnswer,
    can: "manage pools",
    status: 201,
    body: poolBody,
    handle: async ({ body, actor }) => {
      await deps.store.tx(async (tx) => {
        await createPool(tx, body);
        await record(tx, actor, { event: "post_pool", detail: { name: body.name, slots: body.slots } });
      });
      return onePool(deps, body.name);
    },
  }),
  route({
    method: "PATCH",
    path: "/api/v2/pools",
    summary: "Bulk Pools",
    can: "manage pools",
    body: bulkBody(poolBody),
    handle: async ({ body, actor }) => {
      const answer = await deps.store.tx(async (tx) => {
        await record(tx, actor, { event: "bulk_pools", detail: { actions: body.actions.map((one) => one.action) } });
        return runBulk(body.actions, bulkPools(tx));
      });
      deps.store.hint("admission");
      return answer;
    },
  }),
  route({
    method: "PATCH",
    path: "/api/v2/pools/{pool_name}",
    summary: "Patch Pool",
    answer: poolAnswer,
    can: "manage pools",
    params: poolPath,
    query: z.object({ update_mask: repeated(z.string().max(250)) }),
    body: patchBody,
    handle: async ({ params: { pool_name: name }, query, body, actor }) => {
      await deps.store.tx(async (tx) => {
        await changePool(tx, name, { patch: body, mask: query.update_mask });
        await record(tx, actor, { event: "patch_pool", detail: { name, fields: Object.keys(body) } });
      });
      deps.store.hint("admission");
      return onePool(deps, name);
    },
  }),
  route({
    method: "DELETE",
    path: "/api/v2/pools/{pool_name}",
    summary: "Delete Pool",
    can: "manage pools",
    status: 204,
    params: poolPath,
    handle: ({ params: { pool_name: name }, actor }) =>
      deps.store.tx(async (tx) => {
        await removePool(tx, name);
        await record(tx, actor, { event: "delete_pool", detail: { name } });
      }),
  }),
];

const missing = (name: string) => new AirloomError("NOT_FOUND", { what: `Pool "${name}"` });

async function onePool({ reads }: ApiDeps, name: string) {
  const [pool] = (await reads.listPools(first(1, is("name", name)))).rows;
  if (!pool) throw missing(name);
  return poolShape(pool);
}

function poolShape(pool: PoolRow & PoolUse) {
  const { name, slots: all, description, includeDeferred, running, queued, scheduled, deferred } = pool;
  const occupied = running + queued + (includeDeferred ? deferred : 0);
  return {
    name,
    slots: all,
    description,
    include_deferred: includeDeferred,
    occupied_slots: occupied,
    running_slots: running,
    queued_slots: queued,
    scheduled_slots: scheduled,
    open_slots: all === -1 ? -1 : all - occupied,
    deferred_slots: deferred,
    team_name: null,
  };
}

const rowOf = ({ name, slots: all, description, include_deferred }: PoolBody): PoolRow => ({
  name,
  slots: all,
  description: description ?? null,
  includeDeferred: include_deferred,
});

async function createPool(tx: Tx, body: PoolBody): Promise<void> {
  if (!(await tx.insertPool(rowOf(body))))
    throw new AirloomError("CONFLICT", { reason: `There is already a pool "${body.name}".` });
}

interface PoolChange {
  readonly patch: PoolPatch;
  readonly mask: readonly string[] | undefined;
}

async function changePool(tx: Tx, name: string, { patch, mask }: PoolChange): Promise<void> {
  checkMask(mask, ["pool", "name", "slots", "description", "include_deferred", "team_name"]);
  const other = [patch.pool, patch.name].find((one) => one !== undefined && one !== null && one !== name);
  if (other !== undefined)
    throw new AirloomError("BAD_REQUEST", {
      reason: `The body names pool "${other}", the path "${name}": pools keep their name.`,
    });
  const wanted = (field: string) => !mask || mask.includes(field);
  if (name === defaultPool && patch.description !== undefined && wanted("description"))
    throw new AirloomError("BAD_REQUEST", {
      reason: "Only slots and include_deferred of default_pool can be changed.",
    });
  const [pool] = (await tx.lockPools([name], { wait: true })) ?? [];
  if (!pool) throw missing(name);
  await tx.updatePool({
    ...pool,
    slots: wanted("slots") ? (patch.slots ?? pool.slots) : pool.slots,
    description: wanted("description") && patch.description !== undefined ? patch.description : pool.description,
    includeDeferred: wanted("include_deferred")
      ? (patch.include_deferred ?? pool.includeDeferred)
      : pool.includeDeferred,
  });
}

async function removePool(tx: Tx, name: string): Promise<void> {
  if (name === defaultPool) throw new AirloomError("BAD_REQUEST", { reason: "default_pool cannot be deleted." });
  if (!(await tx.deletePool(name))) throw missing(name);
}

const bulkPools = (tx: Tx) => ({
  noun: "pool",
  keyOf: (pool: PoolBody) => pool.name,
  exists: async (name: string) => (await tx.findPool(name)) !== null,
  create: (pool: PoolBody) => createPool(tx, pool),
  update: ({ name, description, ...patch }: PoolBody, mask: readonly string[] | undefined) =>
    changePool(tx, name, { patch: { ...patch, ...(name === defaultPool ? {} : { description }) }, mask }),
  remove: (name: string) => removePool(tx, name),
});
