/**
 * What this machine allows: a durable commit of one row by this client and by pgbench (where it is installed), a round trip, an fsync,
 * the start of a Node process and of a task child. The other benches measure their own floor in the same run; this one tells more.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { startEmbedded } from "@airloom/db";
import pg from "pg";
import { figure, print, repeat, round, timed } from "./parts/figures.ts";
import { measureFloor } from "./parts/floor.ts";

const run = promisify(execFile);

/** Latency of one client's commits and rate of eight, by PostgreSQL's own bench. */
async function pgbench(url: string, dir: string) {
  const script = join(dir, "one-row.sql");
  writeFileSync(script, "\\set id random(1, 1000)\nupdate bench_rows set n = n + 1 where id = :id;\n");
  const client = new pg.Client({ connectionString: url });
  const target = ["-h", client.host, "-U", client.user ?? "", client.database ?? ""];
  await client.connect();
  await client.query("create table bench_rows (id int primary key, n int not null) with (fillfactor = 50)");
  await client.query("insert into bench_rows select g, 0 from generate_series(1, 1000) g");
  await client.end();
  const ask = async (clients: number) => {
    const { stdout } = await run("pgbench", [
      "-n",
      "-M",
      "prepared",
      "-T",
      "3",
      "-c",
      `${clients}`,
      "-f",
      script,
      ...target,
    ]);
    return {
      latency: Number(/latency average = ([\d.]+)/.exec(stdout)?.[1]),
      "commits a second": round(Number(/tps = ([\d.]+)/.exec(stdout)?.[1])),
    };
  };
  return { "1 client": await ask(1), "8 clients": await ask(8) };
}

/** From its start to its "ready". */
async function startOfTaskChild(): Promise<number> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return timed(async () => {
    const child = spawn(process.execPath, [resolve("packages/airloom/dist/task-child.mjs")], {
      detached: true,
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      env,
    });
    await once(child.stdio[4] as NodeJS.ReadableStream, "data");
    child.kill("SIGKILL");
  });
}

const began = performance.now();
const home = mkdtempSync(join(tmpdir(), "airloom-bench-"));
const server = await startEmbedded({ home });
try {
  const figures = {
    ...(await measureFloor(server.url)),
    "task child until ready": figure(await repeat(15, startOfTaskChild)),
    pgbench: await pgbench(server.url, home).catch((error: Error) => `not run: ${error.message.split("\n")[0]}`),
  };
  print("floor", began, figures);
} finally {
  await server.stop("fast");
  rmSync(home, { recursive: true, force: true });
}
