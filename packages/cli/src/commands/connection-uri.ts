import type { ConnectionEntity } from "../client/entities.ts";

/** As `AIRLOOM_CONN_*` takes it. */
export function connectionUri({ conn_type, host, login, password, port, schema, extra }: ConnectionEntity): string {
  const user =
    login || password ? `${encodeURIComponent(login ?? "")}${password ? `:${encodeURIComponent(password)}` : ""}@` : "";
  const place = `${host ?? ""}${port ? `:${port}` : ""}${schema ? `/${encodeURIComponent(schema)}` : ""}`;
  const query = extra ? new URLSearchParams(textEntries(extra)).toString() : "";
  return `${conn_type}://${user}${place}${query ? `?${query}` : ""}`;
}

function textEntries(extra: string): Record<string, string> {
  try {
    const entries = Object.entries(JSON.parse(extra) as Record<string, unknown>);
    return Object.fromEntries(
      entries.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
    );
  } catch {
    return {};
  }
}
