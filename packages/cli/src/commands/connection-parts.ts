import { connectionFromUri } from "@airloom/api";
import { AirloomError } from "@airloom/core";
import type { ConnectionEntity } from "../client/entities.ts";
import type { Environment } from "../context.ts";
import { jsonObject } from "./arguments.ts";
import { readStandardInput } from "./standard-input.ts";

/** The API's body of a connection. What is left out is not set. */
export type ConnectionParts = Pick<ConnectionEntity, "connection_id" | "conn_type"> & Partial<ConnectionEntity>;

export interface ConnectionFlags {
  readonly connUri?: string;
  readonly connJson?: string;
  readonly connType?: string;
  readonly connDescription?: string;
  readonly connHost?: string;
  readonly connLogin?: string;
  readonly connSchema?: string;
  readonly connPort?: number;
  readonly connExtra?: string;
  readonly connPasswordStdin?: true;
  readonly connPasswordEnv?: string;
  readonly overwrite?: true;
}

/** @throws CLI_USAGE when it is given in more than one way, or in none. */
export async function connectionFromFlags(
  id: string,
  flags: ConnectionFlags,
  environment: Environment,
): Promise<ConnectionParts> {
  const ways = [flags.connUri, flags.connJson, flags.connType].filter((way) => way !== undefined);
  if (ways.length !== 1) throw refused("Give one of --conn-uri, --conn-json and --conn-type");
  const password = await passwordOf(flags, environment);
  const given = await partsOf(id, flags);
  return {
    ...given,
    ...(flags.connDescription !== undefined && { description: flags.connDescription }),
    ...(password !== undefined && { password }),
  };
}

async function partsOf(id: string, flags: ConnectionFlags): Promise<ConnectionParts> {
  if (flags.connUri !== undefined)
    return fromUri(id, flags.connUri === "-" ? await readStandardInput("the URI") : flags.connUri);
  if (flags.connJson !== undefined)
    return connectionFromJson(
      id,
      argument("--conn-json", () => jsonObject(flags.connJson ?? "")),
    );
  const { connType, connHost: host, connLogin: login, connSchema: schema, connPort: port, connExtra } = flags;
  const extra =
    connExtra === undefined ? undefined : JSON.stringify(argument("--conn-extra", () => jsonObject(connExtra)));
  return withoutHoles({ connection_id: id, conn_type: connType ?? "", host, login, schema, port, extra });
}

/** Secrets come by a pipe or the environment: a flag would stay in the shell's history and show in `ps`. */
async function passwordOf(flags: ConnectionFlags, environment: Environment): Promise<string | undefined> {
  if (flags.connPasswordStdin) return readStandardInput("the password");
  const name = flags.connPasswordEnv;
  if (name === undefined) return undefined;
  const value = environment[name];
  if (!value) throw refused(`The environment variable ${name} is not set`);
  return value;
}

/** @throws CONNECTION_INVALID; the URI itself is never repeated. */
function fromUri(connectionId: string, uri: string): ConnectionParts {
  const { type, extra, id: _, ...parts } = connectionFromUri(connectionId, uri);
  const given = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== null));
  const hasExtra = Object.keys(extra).length > 0;
  return { ...given, connection_id: connectionId, conn_type: type, ...(hasExtra && { extra: JSON.stringify(extra) }) };
}

const names = ["conn_type", "description", "host", "login", "schema", "port", "password", "extra"] as const;

/** A connection in a file: an object of Airflow's names, or a URI. @throws CLI_USAGE */
export function connectionFromJson(id: string, value: unknown): ConnectionParts {
  if (typeof value === "string") return fromUri(id, value);
  if (typeof value !== "object" || value === null) throw refused(`Connection "${id}" is neither an object nor a URI`);
  const given = value as Readonly<Record<string, unknown>>;
  const stranger = Object.keys(given).find(
    (name) => name !== "connection_id" && !(names as readonly string[]).includes(name),
  );
  if (stranger) throw refused(`Connection "${id}" has the field "${stranger}"; known are ${names.join(", ")}`);
  if (typeof given.conn_type !== "string") throw refused(`Connection "${id}" has no "conn_type"`);
  if (given.password === "***" || (typeof given.extra === "string" && given.extra.includes('"***"')))
    throw refused(`Connection "${id}" is masked in the file ("***"): put its secrets there, or take them out`);
  const extra = typeof given.extra === "object" && given.extra !== null ? JSON.stringify(given.extra) : given.extra;
  const parts = Object.fromEntries(names.map((name) => [name, given[name] ?? undefined]));
  return withoutHoles({ ...parts, extra, connection_id: id, conn_type: given.conn_type });
}

/** `undefined` fields would be refused as fields the API does not know. */
const withoutHoles = (
  parts: { readonly connection_id: string; readonly conn_type: string } & Readonly<Record<string, unknown>>,
): ConnectionParts =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as unknown as ConnectionParts;

function argument<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof AirloomError) throw error;
    throw refused(`${name}: ${(error as Error).message.replace(/\.$/, "")}`);
  }
}

const refused = (reason: string): AirloomError => new AirloomError("CLI_USAGE", { reason: `${reason}.` });
