import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Surroundings } from "./control-plane.ts";

const victims = `select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and application_name ~ '^(api|scheduler)-' and state <> 'idle'`;

/** Ends a session of the server in the middle of what it does, every now and then. @returns how many. */
export async function runKiller({
  url,
  chance,
  isCalm,
}: Pick<Surroundings, "url" | "chance" | "isCalm">): Promise<number> {
  const own = chance.fork("killer");
  const client = new pg.Client({ connectionString: url, application_name: "killer" });
  await client.connect();
  let killed = 0;
  while (!isCalm()) {
    await sleep(own.between(200, 1_200));
    const { rowCount } = await client.query(`${victims} order by md5(pid::text || $1) limit 1`, [own.next()]);
    killed += rowCount ?? 0;
  }
  await client.end();
  return killed;
}
