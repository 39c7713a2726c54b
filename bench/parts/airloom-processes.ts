import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { startEmbedded, superviseEmbedded } from "@airloom/db";
import pg from "pg";
import { Api } from "./api.ts";
import { parentOf } from "./process-tree.ts";

export interface AirloomOptions {
  /** One process, or each part in its own. */
  readonly mode: "standalone" | "split";
  /** Dag files by name. */
  readonly files: Readonly<Record<string, string>>;
  /** A folder of Dag files to be copied besides. */
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Arguments of Node for the control process: `--cpu-prof`. */
  readonly nodeArguments?: readonly string[];
  /** Settings of the database server, which is then started here and given to Airloom. */
  readonly server?: Readonly<Record<string, string>>;
}

/** Airloom as it is built, running in a project and a home of its own. */
export interface Airloom {
  readonly api: Api;
  readonly project: string;
  readonly databaseUrl: string;
  /** From the start of the first process to the last one's "ready", ms. */
  readonly startMs: number;
  /** Of the processes that were started, and of the database server. */
  readonly roots: readonly number[];
  stop(): Promise<void>;
}

const command = resolve("packages/airloom/dist/cli.mjs");
const password = "bench-password";
const splitCommands = [["db", "serve"], ["api-server", "--port", "0"], ["scheduler"], ["worker"], ["dag-processor"]];

/** Starts it and waits until every process says that it is ready. */
export async function startAirloom(options: AirloomOptions): Promise<Airloom> {
  if (!existsSync(command)) throw new Error("Airloom is not built. Run: npm run build");
  const project = makeProject(options);
  const home = join(project, ".airloom");
  const commands = options.mode === "standalone" ? [["standalone", "--port", "0"]] : splitCommands;
  const database = options.server && (await startDatabase(home, options.server));
  const environment = { ...options.environment, ...(database && { AIRLOOM__DATABASE__URL: database.url }) };
  const began = performance.now();
  const running: Running[] = [];
  let attached: Database | undefined;
  const stopAll = async (): Promise<void> => {
    await attached?.close();
    for (const one of running.splice(0).reverse()) await one.stop();
    await database?.close();
    rmSync(project, { recursive: true, force: true });
  };
  try {
    for (const args of commands) running.push(await startProcess(args, project, { ...options, environment }));
    const startMs = performance.now() - began;
    const { url } = JSON.parse(readFileSync(join(home, "run", "server.json"), "utf8")) as { url: string };
    if (!database) attached = await attachDatabase(home);
    const databaseUrl = (database ?? attached)?.url ?? "";
    return {
      api: await Api.login(url, "admin", password),
      project,
      databaseUrl,
      startMs,
      roots: [...running.map(({ pid }) => pid), await postmasterOf(databaseUrl)],
      stop: stopAll,
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

interface Database {
  readonly url: string;
  close(): Promise<void>;
}

async function startDatabase(home: string, settings: Readonly<Record<string, string>>): Promise<Database> {
  const server = await startEmbedded({ home, settings });
  return { url: server.url, close: () => server.stop("fast").then(() => {}) };
}

/** The server that runs: for the floor, and for what no route tells. */
async function attachDatabase(home: string): Promise<Database> {
  const server = superviseEmbedded({ home, log: () => {} });
  await server.start();
  return { url: server.url, close: () => server.stop("done") };
}

/** The parent of whoever answers here. */
async function postmasterOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const parent = parentOf(rows[0]?.pid ?? 0);
  await client.end();
  return parent;
}

function makeProject({ files, folder }: AirloomOptions): string {
  const project = mkdtempSync(join(tmpdir(), "airloom-bench-"));
  mkdirSync(join(project, "dags"));
  writeFileSync(join(project, "package.json"), '{ "name": "bench", "private": true, "type": "module" }\n');
  symlinkSync(resolve("node_modules"), join(project, "node_modules"));
  if (folder) cpSync(folder, join(project, "dags"), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project, "dags", name)), { recursive: true });
    writeFileSync(join(project, "dags", name), text);
  }
  return project;
}

interface Running {
  readonly pid: number;
  stop(): Promise<void>;
}

async function startProcess(
  args: readonly string[],
  cwd: string,
  { environment = {}, nodeArguments = [] }: AirloomOptions,
): Promise<Running> {
  // A certificate file costs each Node process 30 ms.
  const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [...nodeArguments, command, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...inherited,
      AIRLOOM_ADMIN_PASSWORD: password,
      AIRLOOM__SECURITY__ADMIN_PASSWORD: password,
      AIRLOOM__CORE__DAGS_ARE_PAUSED_AT_CREATION: "false",
      ...environment,
    },
  });
  await untilReady(child, args.join(" "));
  return {
    pid: child.pid as number,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

function untilReady(child: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-8_192);
      if (/ is ready\b/.test(said)) resolve();
      if (process.env.BENCH_VERBOSE) process.stderr.write(chunk);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}:\n${said}`)));
  });
}
