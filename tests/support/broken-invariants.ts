import { invariants } from "../invariants.ts";
import { rowsOf } from "./database-of.ts";

/** What an Airloom database breaks of what must always hold, in words; empty when it is well. */
export async function broken(url: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { number, title, sql } of invariants) {
    const rows = await rowsOf<Record<string, unknown>>(url, sql);
    if (rows.length > 0) found.push(`${number}. ${title}: ${JSON.stringify(rows.slice(0, 3))} (${rows.length} rows)`);
  }
  return found;
}
