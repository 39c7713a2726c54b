import { writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import type { ApiClient } from "../client/api-client.ts";
import { type ConnectionEntity, segment } from "../client/entities.ts";
import { listAll } from "../client/pages.ts";
import { about } from "../client/unknown-id.ts";
import type { Environment } from "../context.ts";
import type { Column } from "../output/table.ts";
import { toYaml } from "../output/yaml.ts";
import { readJsonFile, wholeNumber } from "./arguments.ts";
import type { ConnectionFlags, ConnectionParts } from "./connection-parts.ts";
import { connectionUri } from "./connection-uri.ts";
import { createOrUpdate } from "./create-or-update.ts";
import { overApi } from "./invocation.ts";

const columns: readonly Column<ConnectionEntity>[] = [
  { title: "CONNECTION", text: ({ connection_id }) => connection_id },
  { title: "TYPE", text: ({ conn_type }) => conn_type },
  { title: "HOST", text: ({ host }) => host ?? "-" },
  { title: "PORT", text: ({ port }) => String(port ?? "-"), right: true },
  { title: "LOGIN", text: ({ login }) => login ?? "-" },
  { title: "SCHEMA", text: ({ schema }) => schema ?? "-" },
  { title: "DESCRIPTION", text: ({ description }) => description ?? "-" },
];

const connectionPath = (id: string): string => `/api/v2/connections/${segment(id)}`;

const listConnections = (api: ApiClient): Promise<readonly ConnectionEntity[]> =>
  listAll<ConnectionEntity>(api, {
    path: "/api/v2/connections",
    items: "connections",
    query: { order_by: "connection_id" },
  });

const getConnection = (api: ApiClient, id: string): Promise<ConnectionEntity> =>
  about({ api, ids: { connection: id } }, () => api.call<ConnectionEntity>({ path: connectionPath(id) }));

async function createConnection(api: ApiClient, body: ConnectionParts): Promise<"created"> {
  await api.call({ method: "POST", path: "/api/v2/connections", body });
  return "created";
}

/** `airloom connections …`: addresses and logins that tasks use by id. */
export function addConnectionsCommands(program: Command, environment: Environment): void {
  const connections = program
    .command("connections")
    .description("addresses and logins that tasks use by id, kept encrypted");
  addReading(connections, environment);
  addAdding(connections, environment);
  addFiles(connections, environment);
}

function addReading(connections: Command, environment: Environment): void {
  overApi(connections.command("list").description("list connections"), environment, async ({ api, print }) =>
    print.rows(columns, await listConnections(api), "There are no connections."),
  );
  overApi<object, [id: string]>(
    connections.command("get").description("show one connection; secrets as ***").argument("<connection>"),
    environment,
    async ({ api, print, args: [id] }) => print.fields({ ...(await getConnection(api, id)) }),
  );
  overApi<object, [id: string]>(
    connections.command("delete").description("delete a connection").argument("<connection>"),
    environment,
    async ({ api, print, args: [id] }) => {
      await about({ api, ids: { connection: id } }, () => api.call({ method: "DELETE", path: connectionPath(id) }));
      print.done(`Connection "${id}" deleted.`, { deleted: id });
    },
  );
  overApi<object, [id: string]>(
    connections
      .command("test")
      .description("try a connection; exit code 1 when it does not work")
      .argument("<connection>"),
    environment,
    async ({ api, print, args: [id] }) => {
      const body = await getConnection(api, id);
      const answer = await api.call<{ status: boolean; message: string }>({
        method: "POST",
        path: "/api/v2/connections/test",
        body,
      });
      print.done(answer.message, answer);
      return answer.status ? 0 : 1;
    },
  );
}

function addAdding(connections: Command, environment: Environment): void {
  overApi<ConnectionFlags, [id: string]>(
    connections
      .command("add")
      .description("add a connection: from a URI, from JSON, or from parts")
      .argument("<connection>")
      .option("--conn-uri <uri>", "type://login:password@host:port/schema?extra=value; - = read it from standard input")
      .option(
        "--conn-json <json>",
        "an object with conn_type, host, login, schema, port, extra; @file, or - = standard input",
      )
      .option("--conn-type <type>", "such as postgres, http, aws")
      .option("--conn-description <text>", "what it is for")
      .option("--conn-host <host>", "host")
      .option("--conn-login <login>", "login")
      .option("--conn-schema <schema>", "schema or database")
      .option("--conn-port <port>", "port", wholeNumber(1))
      .option("--conn-extra <json>", "more settings, a JSON object")
      .option(
        "--conn-password-stdin",
        "read the password from standard input, so that it stays out of the shell's history",
      )
      .option("--conn-password-env <name>", "read the password from this environment variable")
      .option("--overwrite", "change the connection if it exists"),
    environment,
    async ({ api, print, flags, args: [id], context }) => {
      const { connectionFromFlags } = await import("./connection-parts.ts");
      const body = await connectionFromFlags(id, flags, context.environment);
      const what = await (flags.overwrite ? putConnection(api, body) : createConnection(api, body));
      print.done(`Connection "${id}" ${what}.`, { [what]: id });
    },
  );
}

const putConnection = (api: ApiClient, body: ConnectionParts): Promise<"created" | "updated"> =>
  createOrUpdate({
    update: () => api.call({ method: "PATCH", path: connectionPath(body.connection_id), body }),
    create: () => createConnection(api, body),
  });

type FileFormat = "json" | "yaml" | "env";

function addFiles(connections: Command, environment: Environment): void {
  overApi<{ overwrite?: true }, [file: string]>(
    connections
      .command("import")
      .description("add the connections of a JSON file")
      .argument("<file>", "an object of connections by id, or of URIs; - = standard input")
      .option("--overwrite", "change those that exist; else they are left alone"),
    environment,
    async ({ api, print, flags, args: [file] }) => {
      const { connectionFromJson } = await import("./connection-parts.ts");
      const bodies = Object.entries(readJsonFile(file)).map(([id, value]) => connectionFromJson(id, value));
      const known = new Set((await listConnections(api)).map(({ connection_id }) => connection_id));
      const wanted = bodies.filter(({ connection_id }) => flags.overwrite || !known.has(connection_id));
      for (const body of wanted) await putConnection(api, body);
      const skipped = bodies.length - wanted.length;
      print.done(`${wanted.length} connections imported${skipped > 0 ? `, ${skipped} skipped` : ""}.`, {
        imported: wanted.map(({ connection_id }) => connection_id),
        skipped,
      });
    },
  );
  overApi<{ fileFormat: FileFormat }, [file: string]>(
    connections
      .command("export")
      .description("write all connections to a file; the API gives no secrets out, so they stand as ***")
      .argument("<file>", "- = standard output")
      .addOption(
        new Option("--file-format <format>", "format of the file").choices(["json", "yaml", "env"]).default("json"),
      ),
    environment,
    async ({ api, print, flags, args: [file] }) => {
      const found = await listConnections(api);
      const text = exported(found, flags.fileFormat);
      if (file === "-") return print.raw(text);
      writeFileSync(file, text, { mode: 0o600 });
      print.done(`${found.length} connections written to ${file}; secrets are not in it.`, {
        exported: found.length,
        file,
      });
    },
  );
}

function exported(found: readonly ConnectionEntity[], format: FileFormat): string {
  if (format === "env")
    return found.map((one) => `AIRLOOM_CONN_${one.connection_id.toUpperCase()}=${connectionUri(one)}\n`).join("");
  const content = Object.fromEntries(found.map(({ connection_id, ...parts }) => [connection_id, parts]));
  return format === "yaml" ? toYaml(content) : `${JSON.stringify(content, null, 2)}\n`;
}
