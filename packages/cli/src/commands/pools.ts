import { writeFileSync } from "node:fs";
import { AirloomError } from "@airloom/core";
import type { Command } from "commander";
import type { ApiClient } from "../client/api-client.ts";
import { type PoolEntity, segment } from "../client/entities.ts";
import { listAll } from "../client/pages.ts";
import { about } from "../client/unknown-id.ts";
import type { Environment } from "../context.ts";
import type { Column } from "../output/table.ts";
import { readJsonFile, wholeNumber } from "./arguments.ts";
import { createOrUpdate } from "./create-or-update.ts";
import { overApi } from "./invocation.ts";

const count = (value: number | undefined): string => (value === undefined ? "-" : value < 0 ? "∞" : String(value));

const columns: readonly Column<PoolEntity>[] = [
  { title: "POOL", text: ({ name }) => name },
  { title: "SLOTS", text: ({ slots }) => count(slots), right: true },
  { title: "RUNNING", text: (pool) => count(pool.running_slots), right: true },
  { title: "QUEUED", text: (pool) => count(pool.queued_slots), right: true },
  { title: "OPEN", text: (pool) => count(pool.open_slots), right: true },
  { title: "DEFERRED COUNT", text: (pool) => (pool.include_deferred ? "yes" : "no") },
  { title: "DESCRIPTION", text: ({ description }) => description ?? "-" },
];

const poolPath = (name: string): string => `/api/v2/pools/${segment(name)}`;

type PoolBody = Pick<PoolEntity, "name" | "slots" | "description" | "include_deferred">;

/** A description that was not given stays; that of the default pool cannot be changed. */
const putPool = (api: ApiClient, body: PoolBody): Promise<"created" | "updated"> => {
  const { description, ...rest } = body;
  const change = description === null || body.name === "default_pool" ? rest : body;
  return createOrUpdate({
    update: () => api.call({ method: "PATCH", path: poolPath(body.name), body: change }),
    create: () => api.call({ method: "POST", path: "/api/v2/pools", body }),
  });
};

const listPools = (api: ApiClient): Promise<readonly PoolEntity[]> =>
  listAll<PoolEntity>(api, { path: "/api/v2/pools", items: "pools", query: { order_by: "name" } });

/** `airloom pools …`: limits that tasks share. */
export function addPoolsCommands(program: Command, environment: Environment): void {
  const pools = program.command("pools").description("limits that tasks of several Dags share");
  overApi(pools.command("list").description("list pools with their use"), environment, async ({ api, print }) =>
    print.rows(columns, await listPools(api), "There are no pools."),
  );
  overApi<object, [name: string]>(
    pools.command("get").description("show one pool").argument("<pool>"),
    environment,
    async ({ api, print, args: [name] }) => {
      const pool = await about({ api, ids: { pool: name } }, () => api.call<PoolEntity>({ path: poolPath(name) }));
      print.fields({ ...pool });
    },
  );
  overApi<{ includeDeferred?: true }, [name: string, slots: number, description: string | undefined]>(
    pools
      .command("set")
      .description("create a pool, or change it")
      .argument("<pool>")
      .argument("<slots>", "how many slots; -1 = no limit", wholeNumber(-1))
      .argument("[description]")
      .option("--include-deferred", "deferred tasks hold their slots"),
    environment,
    async ({ api, print, flags, args: [name, slots, description] }) => {
      const body = { name, slots, description: description ?? null, include_deferred: flags.includeDeferred === true };
      print.done(`Pool "${name}" ${await putPool(api, body)}: ${count(slots)} slots.`, body);
    },
  );
  overApi<object, [name: string]>(
    pools.command("delete").description("delete a pool").argument("<pool>"),
    environment,
    async ({ api, print, args: [name] }) => {
      await about({ api, ids: { pool: name } }, () => api.call({ method: "DELETE", path: poolPath(name) }));
      print.done(`Pool "${name}" deleted.`, { deleted: name });
    },
  );
  addFileCommands(pools, environment);
}

function addFileCommands(pools: Command, environment: Environment): void {
  overApi<object, [file: string]>(
    pools
      .command("import")
      .description("create or change the pools of a JSON file")
      .argument("<file>", "as export writes it; - = standard input"),
    environment,
    async ({ api, print, args: [file] }) => {
      const bodies = Object.entries(readJsonFile(file)).map(([name, value]) => poolBody(name, value));
      for (const body of bodies) await putPool(api, body);
      print.done(`${bodies.length} pools imported.`, { imported: bodies.map(({ name }) => name) });
    },
  );
  overApi<object, [file: string]>(
    pools.command("export").description("write all pools to a JSON file").argument("<file>", "- = standard output"),
    environment,
    async ({ api, print, args: [file] }) => {
      const found = await listPools(api);
      const content = Object.fromEntries(
        found.map(({ name, slots, description, include_deferred }) => [name, { slots, description, include_deferred }]),
      );
      const text = `${JSON.stringify(content, null, 2)}\n`;
      if (file === "-") return print.raw(text);
      writeFileSync(file, text);
      print.done(`${found.length} pools written to ${file}.`, { exported: found.length, file });
    },
  );
}

function poolBody(name: string, value: unknown): PoolBody {
  const { slots, description, include_deferred } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(slots))
    throw new AirloomError("CLI_USAGE", { reason: `Pool "${name}" in the file has no whole number of "slots".` });
  return {
    name,
    slots: slots as number,
    description: typeof description === "string" ? description : null,
    include_deferred: include_deferred === true,
  };
}
