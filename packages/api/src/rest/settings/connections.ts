import { AirloomError, type Json } from "@airloom/core";
import type { ConnectionField, ConnectionRow, Tx } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { listOf, repeated } from "../../http/list-query.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { masked, maskJson, unmaskJson } from "../../secrets/mask.ts";
import { connectionPlace } from "../../secrets/resolve.ts";
import { record } from "../audit.ts";
import { checkMask } from "../dags/pause.ts";
import { bulkBody, runBulk } from "./bulk.ts";
import { connectionAnswer, pageOf } from "./settings-answers.ts";

const id = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\w.-]+$/, "Only letters, digits, _ . and - are allowed");
const idPath = z.object({ connection_id: z.string().min(1).max(250) });
const text = (max: number) => z.string().max(max).nullish();
const connectionBody = z.strictObject({
  connection_id: id,
  conn_type: z.string().min(1).max(500),
  description: text(10_000),
  host: text(500),
  login: text(10_000),
  schema: text(500),
  port: z.number().int().min(0).max(65_535).nullish(),
  password: text(10_000),
  extra: z
    .string()
    .max(100_000)
    .refine((given) => isObject(given), "Extra must be the text of a JSON object")
    .nullish(),
  team_name: z.null("There are no teams: leave it out").optional(),
});
type ConnectionBody = z.output<typeof connectionBody>;
type ConnectionPatch = { readonly [Field in keyof ConnectionBody]?: ConnectionBody[Field] | undefined };

const connectionList = listOf<ConnectionField>({
  orderBy: {
    id: "connectionId",
    conn_id: "connectionId",
    connection_id: "connectionId",
    conn_type: "connType",
    description: "description",
    host: "host",
    port: "port",
  },
  text: { connection_id: "connectionId" },
});

/** Connections: password and extra are kept encrypted; a password is never shown, nor what is secret in extra. */
export const connectionRoutes = (deps: ApiDeps): readonly AnyRoute[] => [...readRoutes(deps), ...writeRoutes(deps)];

const can = "manage variables and connections" as const;

const readRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/connections",
    summary: "Get Connections",
    answer: pageOf("connections", connectionAnswer),
    can,
    query: connectionList.query,
    handle: async ({ query }) => {
      const { rows, total } = await deps.reads.listConnections(connectionList.toQuery(query));
      return { connections: rows.map((row) => connectionShape(deps, row)), total_entries: total };
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/connections/{connection_id}",
    summary: "Get Connection",
    answer: connectionAnswer,
    can,
    params: idPath,
    handle: ({ params }) => deps.store.tx((tx) => found(tx, deps, params.connection_id)),
  }),
  route({
    method: "POST",
    path: "/api/v2/connections/test",
    summary: "Test Connection",
    can,
    body: connectionBody,
    handle: async () => {
      // A test opens a connection from the server to whatever was named: off, as in Airflow.
      throw new AirloomError("FORBIDDEN", { reason: "testing connections is switched off" });
    },
  }),
];

const writeRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "POST",
    path: "/api/v2/connections",
    summary: "Post Connection",
    answer: connectionAnswer,
    can,
    status: 201,
    body: connectionBody,
    handle: ({ body, actor }) =>
      deps.store.tx(async (tx) => {
        await createConnection(tx, deps, body);
        await record(tx, actor, {
          event: "post_connection",
          detail: { connection_id: body.connection_id, fields: Object.keys(body) },
        });
        return found(tx, deps, body.connection_id);
      }),
  }),
  route({
    method: "PATCH",
    path: "/api/v2/connections",
    summary: "Bulk Connections",
    can,
    body: bulkBody(connectionBody),
    handle: ({ body, actor }) =>
      deps.store.tx(async (tx) => {
        await record(tx, actor, {
          event: "bulk_connections",
          detail: { actions: body.actions.map((one) => one.action) },
        });
        return runBulk(body.actions, bulkConnections(tx, deps));
      }),
  }),
  route({
    method: "PATCH",
    path: "/api/v2/connections/{connection_id}",
    summary: "Patch Connection",
    answer: connectionAnswer,
    can,
    params: idPath,
    query: z.object({ update_mask: repeated(z.string().max(250)) }),
    body: connectionBody.partial({ connection_id: true, conn_type: true }),
    handle: ({ params: { connection_id }, query, body, actor }) =>
      deps.store.tx(async (tx) => {
        await changeConnection(tx, deps, { id: connection_id, patch: body, mask: query.update_mask });
        await record(tx, actor, { event: "patch_connection", detail: { connection_id, fields: Object.keys(body) } });
        return found(tx, deps, connection_id);
      }),
  }),
  route({
    method: "DELETE",
    path: "/api/v2/connections/{connection_id}",
    summary: "Delete Connection",
    can,
    status: 204,
    params: idPath,
    handle: ({ params: { connection_id }, actor }) =>
      deps.store.tx(async (tx) => {
        if (!(await tx.deleteConnection(connection_id))) throw missing(connection_id);
        await record(tx, actor, { event: "delete_connection", detail: { connection_id } });
      }),
  }),
];

function isObject(given: string): boolean {
  try {
    const value: unknown = given.trim() === "" ? {} : JSON.parse(given);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const missing = (name: string) => new AirloomError("NOT_FOUND", { what: `Connection "${name}"` });

async function found(tx: Tx, deps: ApiDeps, name: string) {
  const row = await tx.findConnection(name);
  if (!row) throw missing(name);
  return connectionShape(deps, row);
}

const extraOf = ({ secrets }: ApiDeps, row: ConnectionRow): string | null =>
  row.extra && secrets.decrypt(row.extra, connectionPlace(row.connectionId, "extra"));

function connectionShape(deps: ApiDeps, row: ConnectionRow) {
  const extra = extraOf(deps, row);
  return {
    connection_id: row.connectionId,
    conn_type: row.connType,
    description: row.description,
    host: row.host,
    login: row.login,
    schema: row.schema,
    port: row.port,
    password: row.password ? masked : null,
    extra: extra === null ? null : JSON.stringify(maskJson(JSON.parse(extra) as Json)),
    team_name: null,
  };
}

const sealed =
  ({ secrets }: ApiDeps, name: string, column: "password" | "extra") =>
  (value: string | null | undefined) =>
    value ? secrets.encrypt(value, connectionPlace(name, column)) : null;

async function createConnection(tx: Tx, deps: ApiDeps, body: ConnectionBody): Promise<void> {
  const { connection_id: connectionId } = body;
  if (await tx.findConnection(connectionId))
    throw new AirloomError("CONFLICT", { reason: `There is already a connection "${connectionId}".` });
  await tx.putConnection({
    connectionId,
    connType: body.conn_type,
    description: body.description ?? null,
    host: body.host ?? null,
    login: body.login ?? null,
    schema: body.schema ?? null,
    port: body.port ?? null,
    password: sealed(deps, connectionId, "password")(body.password),
    extra: sealed(deps, connectionId, "extra")(body.extra),
  });
}

interface ConnectionChange {
  readonly id: string;
  readonly patch: ConnectionPatch;
  readonly mask?: readonly string[] | undefined;
}

async function changeConnection(tx: Tx, deps: ApiDeps, { id: name, patch, mask }: ConnectionChange): Promise<void> {
  checkMask(mask, Object.keys(connectionBody.shape));
  if (patch.connection_id !== undefined && patch.connection_id !== name)
    throw new AirloomError("BAD_REQUEST", {
      reason: `The body names connection "${patch.connection_id}", the path "${name}": connections keep their id.`,
    });
  const row = await tx.findConnection(name);
  if (!row) throw missing(name);
  const sent = <Field extends keyof ConnectionPatch>(field: Field) =>
    patch[field] !== undefined && (!mask || mask.includes(field));
  await tx.putConnection({
    connectionId: name,
    connType: sent("conn_type") ? (patch.conn_type ?? row.connType) : row.connType,
    description: sent("description") ? (patch.description ?? null) : row.description,
    host: sent("host") ? (patch.host ?? null) : row.host,
    login: sent("login") ? (patch.login ?? null) : row.login,
    schema: sent("schema") ? (patch.schema ?? null) : row.schema,
    port: sent("port") ? (patch.port ?? null) : row.port,
    password:
      sent("password") && patch.password !== masked ? sealed(deps, name, "password")(patch.password) : row.password,
    extra: sent("extra") ? sealed(deps, name, "extra")(unmasked(patch.extra, extraOf(deps, row))) : row.extra,
  });
}

/** What came back as it was shown keeps its secrets. */
function unmasked(changed: string | null | undefined, known: string | null): string | null {
  if (!changed) return null;
  return JSON.stringify(unmaskJson(JSON.parse(changed) as Json, JSON.parse(known ?? "{}") as Json));
}

const bulkConnections = (tx: Tx, deps: ApiDeps) => ({
  noun: "connection",
  keyOf: (connection: ConnectionBody) => connection.connection_id,
  exists: async (name: string) => (await tx.findConnection(name)) !== null,
  create: (connection: ConnectionBody) => createConnection(tx, deps, connection),
  update: (connection: ConnectionBody, mask: readonly string[] | undefined) =>
    changeConnection(tx, deps, { id: connection.connection_id, patch: connection, mask }),
  remove: async (name: string) => {
    await tx.deleteConnection(name);
  },
});
