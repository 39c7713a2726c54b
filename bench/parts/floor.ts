import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type Figure, figure, repeat, timed } from "./figures.ts";

/** What nothing on this machine can beat, measured in the same run as what is compared with it. */
export interface Floor {
  /** `select 1`, a round trip. */
  readonly roundTrip: Figure;
  /** A statement that changes one row, made durable: what pgbench's simplest script does. */
  readonly commit: Figure;
  readonly fsync: Figure;
  /** `node -e 0` from start to exit. */
  readonly spawn: Figure;
}

/** @param url the very server that is measured, so that its settings count. */
export async function measureFloor(url: string): Promise<Floor> {
  return { ...(await measureCommits(url)), fsync: await measureFsync(), spawn: await measureSpawn() };
}

async function measureCommits(url: string): Promise<Pick<Floor, "roundTrip" | "commit">> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(
      "create table if not exists bench_floor (id int primary key, n int not null) with (fillfactor = 50)",
    );
    await client.query("insert into bench_floor select g, 0 from generate_series(1, 1000) g on conflict do nothing");
    const one = { name: "one", text: "select 1" };
    const update = { name: "floor", text: "update bench_floor set n = n + 1 where id = $1" };
    const turn = (query: pg.QueryConfig) => timed(() => client.query(query));
    await repeat(100, (index) => turn({ ...update, values: [index + 1] }));
    return {
      roundTrip: figure(await repeat(500, () => turn(one))),
      commit: figure(await repeat(500, (index) => turn({ ...update, values: [index + 1] }))),
    };
  } finally {
    await client.query("drop table if exists bench_floor");
    await client.end();
  }
}

async function measureFsync(): Promise<Figure> {
  const dir = mkdtempSync(join(tmpdir(), "airloom-bench-"));
  const file = openSync(join(dir, "log"), "w");
  const page = Buffer.alloc(8_192);
  try {
    const write = async (): Promise<void> => {
      writeSync(file, page);
      fsyncSync(file);
    };
    return figure(await repeat(100, () => timed(write)));
  } finally {
    closeSync(file);
    rmSync(dir, { recursive: true });
  }
}

async function measureSpawn(): Promise<Figure> {
  // A certificate file costs each Node process as much again.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const start = () => once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore", env }), "exit");
  return figure(await repeat(15, () => timed(start)));
}
