import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { Nested } from "./config/resolve-config.ts";
import { resolveConfig } from "./config/resolve-config.ts";
import { openHome } from "./home/home.ts";
import { createConsoleLog, type Level } from "./output/console-log.ts";
import type { ProcessContext } from "./processes/process-context.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads configuration and home once, for one command. `defaults` are the command's own. */
export function createContext(environment: Environment, flags: Nested = {}, defaults: Nested = {}): ProcessContext {
  const { config } = resolveConfig({ environment, flags, defaults });
  const beside = (name: string): string => fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
  return {
    config,
    home: openHome(process.cwd(), environment),
    environment,
    log: createConsoleLog(config.logging.level as Level, () => new Date()),
    children: { task: beside("task-child"), parse: beside("parse-child") },
  };
}

/** Options of every command that talks to the API. */
export const withServer = (command: Command): Command =>
  command.option("--server <url>", "API server to use instead of this home's").option("--json", "print JSON");
