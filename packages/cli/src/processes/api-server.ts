import { createServer } from "node:net";
import { type ApiDeps, createApi } from "@airloom/api";
import { AirloomError, type Service } from "@airloom/core";
import { ownIdentity } from "@airloom/db";
import { type Config, options, upperSnake } from "../config/options.ts";
import { type Home, homeKey } from "../home/home.ts";
import { portOwner } from "../home/port-owner.ts";
import { removeRunFile, writeRunFile } from "../home/run-file.ts";
import type { ConsoleLog } from "../output/console-log.ts";
import { version } from "../version.ts";
import { type Control, createControl } from "./control.ts";
import { openDatabase } from "./database.ts";
import { welcomeFirstUser } from "./first-user.ts";
import type { ProcessContext } from "./process-context.ts";
import { createEventPrinter } from "./run-events.ts";
import { closing, runUntilStopped } from "./until-stopped.ts";

export interface ApiServer extends Service {
  /** Once started. */
  readonly url: string;
}

export interface ApiServerOptions {
  readonly control: Control;
  readonly config: Config;
  readonly home: Home;
  readonly log: ConsoleLog;
}

export function createApiApp({ control, config, home, log }: ApiServerOptions): ReturnType<typeof createApi> {
  return createApi({
    ...control.deps,
    execution: control.execution,
    reads: control.store.reads,
    configuration: configurationOf(config),
    signingKey: Buffer.from(config.security.signingKey || homeKey(home, "signing"), "base64"),
    workerToken: config.security.workerToken || homeKey(home, "worker"),
    tokenLifetimeSeconds: config.api.tokenLifetimeSeconds,
    bodyLimitBytes: config.api.bodyLimitBytes,
    executionLimitBytes: config.xcom.maxBytes * 2,
    version,
    now: () => new Date(),
    report: (error, where) =>
      log.write("error", `${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
}

/** Section and option names as Airflow spells them; secrets without their values. */
const configurationOf = (config: Config): ApiDeps["configuration"] => ({
  exposed: config.api.exposeConfig,
  sections: Object.entries(options).map(([section, keys]) => ({
    name: upperSnake(section).toLowerCase(),
    options: Object.entries(keys).map(([key, option]) => {
      const value = (config as unknown as Record<string, Record<string, unknown>>)[section]?.[key];
      return { key: upperSnake(key).toLowerCase(), value: "secret" in option ? null : String(value) };
    }),
  })),
});

/** @throws PORT_BUSY naming who has the port. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { host, port } = options.config.api;
  const app = createApiApp(options);
  let url = "";
  return {
    name: "api-server",
    get url() {
      return url;
    },
    async start() {
      await refuseTakenPort(host, port);
      const address = await app.listen({ host, port });
      url = address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "127.0.0.1");
    },
    stop: async () => app.close(),
  };
}

/** Asked before anything else is started, so that a second copy says so at once. */
export function refuseTakenPort(host: string, port: number): Promise<void> {
  if (port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? new AirloomError("PORT_BUSY", { port, owner: portOwner(port) }) : error);
    });
    probe.listen({ host, port }, () => probe.close(() => resolve()));
  });
}

/** `airloom api-server`. */
export async function runApiServer(context: ProcessContext): Promise<void> {
  const { config, home, log, environment } = context;
  await refuseTakenPort(config.api.host, config.api.port);
  const database = await openDatabase(config, home, (line) => log.write("debug", line));
  const control = createControl({ url: database.url, config, home, environment, tell: createEventPrinter(log) });
  const server = createApiServer({ control, config, home, log });
  const services = [
    closing("database", () => database.close("stopped")),
    closing("store", () => control.close()),
    server,
    found(home, server),
    { name: "first user", start: () => welcomeFirstUser(context, control.store), stop: async () => {} },
  ];
  await runUntilStopped(context, services, () => `Airloom's API is ready at ${server.url}`);
}

/** Lets commands of this home find the server. */
const found = (home: Home, server: ApiServer): Service => ({
  name: "run file",
  start: async () => writeRunFile(home, { ...ownIdentity(), url: server.url, command: "api-server" }),
  stop: async () => removeRunFile(home),
});
