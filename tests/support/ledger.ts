import { startTestServer, type TestServer } from "@airloom/testkit";
import pg from "pg";
import { rowsOf } from "./database-of.ts";
import { isAlive } from "./proc.ts";

/** One execution of a task, as the task itself wrote it down. */
export interface Execution {
  readonly task: string;
  readonly map_index: number;
  readonly attempt: number;
  readonly pid: number;
  readonly start_ticks: string;
  readonly t_start: Date;
  readonly t_end: Date | null;
  /** How it ended; null when it was killed, or still runs. */
  readonly how: "returned" | "threw" | null;
}

/** A database outside Airloom in which every task of the harness writes down when it ran. */
export interface Ledger {
  /** What tasks connect to; they get it as `LEDGER_URL`. */
  readonly url: string;
  /** Executions of a run that have not ended and whose process lives. */
  running(run: string): Promise<readonly Execution[]>;
  /** The longest time after an instant of the ledger's clock in which no execution of a run began or ended, up to the last one. Milliseconds. */
  longestStall(run: string, from: Date): Promise<number>;
  now(): Promise<Date>;
  /** What two executions of one task instance did at the same time, or one attempt twice. Must be empty. */
  overlaps(run: string): Promise<readonly object[]>;
  executions(run: string): Promise<readonly Execution[]>;
  stop(): Promise<void>;
}

/**
 * Two executions overlap when the later one began before the earlier one wrote its end, or when it met the earlier one's process
 * alive (see `record-execution.ts`): an execution that was killed has no end, and counts as over when its process is.
 */
const schema = `
create table exec (
  id bigint generated always as identity primary key,
  dag text not null, run text not null, task text not null, map_index int not null, attempt int not null, try int not null,
  pid int not null, start_ticks text not null, met bigint references exec,
  t_start timestamptz not null default clock_timestamp(), t_end timestamptz, how text
);
create index on exec (run, task, map_index);
create view overlap as
  select a.run, a.task, a.map_index, a.attempt as earlier, b.attempt as later, a.t_start, a.t_end, b.t_start as later_start,
    b.met
  from exec a join exec b on (a.dag, a.run, a.task, a.map_index) = (b.dag, b.run, b.task, b.map_index) and a.id < b.id
  where b.t_start < a.t_end or b.met = a.id or a.attempt = b.attempt`;

const stall = `
  select max(extract(epoch from at - before) * 1000)::float8 as ms from (
    select at, lag(at) over (order by at) as before from (
      select $2::timestamptz as at
      union all select t_start from exec where run = $1 and t_start > $2
      union all select t_end from exec where run = $1 and t_end > $2) moments) gaps`;

export async function startLedger(): Promise<Ledger> {
  const server = await startTestServer();
  const url = await createIn(server);
  const runs = <Row extends object>(sql: string, run: string, ...more: readonly unknown[]) =>
    rowsOf<Row>(url, sql, [run, ...more]);
  const executions = (run: string) => runs<Execution>("select * from exec where run = $1 order by id", run);
  return {
    url,
    executions,
    running: async (run) =>
      (await executions(run)).filter(
        ({ t_end, pid, start_ticks }) => t_end === null && isAlive({ pid, startTicks: start_ticks }),
      ),
    longestStall: async (run, from) => (await runs<{ ms: number | null }>(stall, run, from))[0]?.ms ?? 0,
    now: async () => (await rowsOf<{ now: Date }>(url, "select clock_timestamp() as now"))[0]?.now ?? new Date(0),
    overlaps: (run) => runs("select * from overlap where run = $1", run),
    stop: () => server.stop(),
  };
}

async function createIn(server: TestServer): Promise<string> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    await client.query("create database ledger");
  } finally {
    await client.end();
  }
  const url = server.url.replace(/@\/[^?]*/, "@/ledger");
  await rowsOf(url, schema);
  return url;
}
