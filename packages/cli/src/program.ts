import { Command } from "commander";
import { addProcessCommands } from "./commands/processes.ts";
import type { Environment } from "./context.ts";
import { version } from "./version.ts";

/** The command tree: Airflow's words, one file per noun. */
export function createProgram(environment: Environment): Command {
  const program = new Command("airloom");
  program
    .description("The Airflow model, rebuilt in TypeScript.")
    .version(version, "-V, --version")
    .showHelpAfterError()
    .enablePositionalOptions();
  program
    .command("version")
    .description("print the version")
    .action(() => {
      process.stdout.write(`${version}\n`);
    });
  addProcessCommands(program, environment);
  return program;
}
