import type { Command } from "commander";
import { createContext, type Environment } from "../context.ts";

interface ListenFlags {
  readonly host?: string;
  readonly port?: string;
}

const listen = ({ host, port }: ListenFlags) => ({ api: { host, port } });

/** The commands that run until they are stopped. What they run is loaded when they are: it would slow every other command. */
export function addProcessCommands(program: Command, environment: Environment): void {
  program
    .command("standalone")
    .description("run everything in one process, with its database")
    .option("--host <host>", "address to listen on")
    .option("--port <port>", "port to listen on")
    .action(async (flags: ListenFlags) => {
      const { runStandalone } = await import("../processes/standalone.ts");
      await runStandalone(createContext(environment, listen(flags), { core: { dagsArePausedAtCreation: false } }));
    });
  program
    .command("api-server")
    .description("serve the REST API, the execution contract and the UI")
    .option("--host <host>", "address to listen on")
    .option("--port <port>", "port to listen on")
    .action(async (flags: ListenFlags) => {
      const { runApiServer } = await import("../processes/api-server.ts");
      await runApiServer(createContext(environment, listen(flags)));
    });
  program
    .command("scheduler")
    .description("wake runs: timetables, retries, admission, rescue")
    .action(async () => {
      const { runScheduler } = await import("../processes/scheduler.ts");
      await runScheduler(createContext(environment));
    });
  program
    .command("worker")
    .description("run tasks")
    .option("--executor <name>", "executor to work for", "local")
    .option("--slots <n>", "attempts at once")
    .option("--queues <names>", "queues to take from, separated by commas")
    .option("--server <url>", "API server")
    .action(async (flags: { executor: string; slots?: string; queues?: string; server?: string }) => {
      const { executor, slots, queues, server } = flags;
      const { runWorker } = await import("../processes/worker.ts");
      await runWorker(createContext(environment, { workers: { slots, queues, server } }), executor);
    });
  program
    .command("dag-processor")
    .description("find, load and publish Dag files")
    .option("--server <url>", "API server")
    .action(async ({ server }: { server?: string }) => {
      const { runDagProcessor } = await import("../processes/dag-processor.ts");
      await runDagProcessor(createContext(environment, { workers: { server } }));
    });
  const db =
    program.commands.find((command) => command.name() === "db") ?? program.command("db").description("the database");
  db.command("serve")
    .description("keep the embedded PostgreSQL of this home running")
    .action(async () => {
      const { runDatabase } = await import("../processes/database.ts");
      await runDatabase(createContext(environment));
    });
}
