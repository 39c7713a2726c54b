import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfigFile } from "./config/config-file.ts";
import type { ConfigSource } from "./config/options.ts";
import { type Nested, type ResolvedConfig, resolveConfig } from "./config/resolve-config.ts";
import { type Home, openHome } from "./home/home.ts";
import { createConsoleLog, type Level } from "./output/console-log.ts";
import type { ProcessContext } from "./processes/process-context.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A process context that also knows where each option's value came from. */
export interface CommandContext extends ProcessContext {
  readonly sources: ReadonlyMap<string, ConfigSource>;
}

/** Reads the configuration once, for one command; opens the home at first use. `defaults` are the command's own. */
export function createContext(environment: Environment, flags: Nested = {}, defaults: Nested = {}): CommandContext {
  const project = process.cwd();
  const { config, sources } = readConfig(environment, { flags, defaults, project });
  let home: Home | undefined;
  return {
    config,
    sources,
    // A command for a server elsewhere must not leave a home behind.
    get home() {
      home ??= openHome(project, environment);
      return home;
    },
    environment,
    log: createConsoleLog(config.logging.level as Level, () => new Date()),
    children: { task: besideMain("task-child"), parse: besideMain("parse-child") },
  };
}

interface ConfigGiven {
  readonly flags: Nested;
  readonly defaults: Nested;
  /** Where `airloom.config.ts` may lie. */
  readonly project: string;
}

function readConfig(environment: Environment, { flags, defaults, project }: ConfigGiven): ResolvedConfig {
  const file = readConfigFile(join(project, "airloom.config.ts"), environment);
  return resolveConfig({ environment, flags, defaults, ...(file && { file }) });
}

/** A bundle of another process kind: the build puts all of them into one folder. */
function besideMain(name: string): string {
  return join(dirname(fileURLToPath(import.meta.url)), `${name}.mjs`);
}
