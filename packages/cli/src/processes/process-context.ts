import type { Config } from "../config/options.ts";
import type { Home } from "../home/home.ts";
import type { ConsoleLog } from "../output/console-log.ts";

/** What every long-running command gets: read once from flags, environment, files. */
export interface ProcessContext {
  readonly config: Config;
  readonly home: Home;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: ConsoleLog;
  /** Bundles of the child processes, beside this one's own file. */
  readonly children: { readonly task: string; readonly parse: string };
}
