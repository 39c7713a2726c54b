import { AirloomError } from "@airloom/core";
import type { ConnectionRow, Tx } from "@airloom/store";
import type { ConnectionValue } from "@airloom/wire";
import type { Secrets } from "./secrets.ts";

/** Where variables and connections come from: the environment first (as Airflow), then the store. */
export interface SecretSources {
  readonly secrets: Secrets;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const variablePlace = (key: string): string => `variable.${key}.value`;
export const connectionPlace = (id: string, column: "password" | "extra"): string => `connection.${id}.${column}`;

/** Values by key; null for those that nobody set. */
export async function resolveVariables(
  tx: Tx,
  { secrets, environment }: SecretSources,
  keys: readonly string[],
): Promise<Readonly<Record<string, string | null>>> {
  const found: Record<string, string | null> = {};
  for (const key of keys) found[key] = environment[`AIRLOOM_VAR_${key.toUpperCase()}`] ?? null;
  const missing = keys.filter((key) => found[key] === null);
  if (missing.length === 0) return found;
  for (const row of await tx.findVariables(missing))
    found[row.key] = secrets.decrypt(row.value, variablePlace(row.key));
  return found;
}

/** A connection with its secrets, for a task; null when nobody set it. */
export async function resolveConnection(tx: Tx, sources: SecretSources, id: string): Promise<ConnectionValue | null> {
  const uri = sources.environment[`AIRLOOM_CONN_${id.toUpperCase()}`];
  if (uri !== undefined) return connectionFromUri(id, uri);
  const row = await tx.findConnection(id);
  return row ? opened(row, sources.secrets) : null;
}

function opened(row: ConnectionRow, secrets: Secrets): ConnectionValue {
  const { connectionId: id, connType: type, host, port, login, schema } = row;
  const password = row.password ? secrets.decrypt(row.password, connectionPlace(id, "password")) : null;
  const extra = row.extra ? JSON.parse(secrets.decrypt(row.extra, connectionPlace(id, "extra"))) : {};
  return { id, type, host, port, login, password, schema, extra };
}

/**
 * Reads a connection from a URI, as Airflow writes it: `postgres://user:secret@host:5432/db?sslmode=require`, or from a JSON object.
 * @throws CONNECTION_INVALID when it is neither; the value itself is never repeated.
 */
export function connectionFromUri(id: string, text: string): ConnectionValue {
  try {
    if (text.trimStart().startsWith("{")) return fromJson(id, JSON.parse(text));
    const url = new URL(text);
    const part = (value: string) => (value === "" ? null : decodeURIComponent(value));
    return {
      id,
      type: url.protocol.slice(0, -1),
      host: part(url.hostname),
      port: url.port === "" ? null : Number(url.port),
      login: part(url.username),
      password: part(url.password),
      schema: part(url.pathname.replace(/^\//, "")),
      extra: Object.fromEntries(url.searchParams),
    };
  } catch {
    throw new AirloomError("CONNECTION_INVALID", { id });
  }
}

function fromJson(id: string, value: Record<string, unknown>): ConnectionValue {
  const text = (name: string) => (typeof value[name] === "string" && value[name] !== "" ? String(value[name]) : null);
  const extra = typeof value.extra === "object" && value.extra !== null ? (value.extra as Record<string, unknown>) : {};
  return {
    id,
    type: text("conn_type") ?? "generic",
    host: text("host"),
    port: value.port === undefined || value.port === null ? null : Number(value.port),
    login: text("login"),
    password: text("password"),
    schema: text("schema"),
    extra,
  };
}
