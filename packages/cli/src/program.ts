import { Command } from "commander";
import { addConfigCommands } from "./commands/config.ts";
import { addConnectionsCommands } from "./commands/connections.ts";
import { addDagsCommands } from "./commands/dags/dags.ts";
import { addDbCommands } from "./commands/db.ts";
import { addDoctorCommand } from "./commands/doctor/doctor.ts";
import { addExplainCommand } from "./commands/explain.ts";
import { addInfoCommands } from "./commands/info.ts";
import { addJobsCommands } from "./commands/jobs.ts";
import { addPoolsCommands } from "./commands/pools.ts";
import { addProcessCommands } from "./commands/processes.ts";
import { addTasksCommands } from "./commands/tasks/tasks.ts";
import { addUsersCommands } from "./commands/users.ts";
import { addVariablesCommands } from "./commands/variables.ts";
import type { Environment } from "./context.ts";
import { version } from "./version.ts";

const nouns = [
  addProcessCommands,
  addDagsCommands,
  addTasksCommands,
  addExplainCommand,
  addPoolsCommands,
  addVariablesCommands,
  addConnectionsCommands,
  addConfigCommands,
  addDoctorCommand,
  addDbCommands,
  addJobsCommands,
  addUsersCommands,
  addInfoCommands,
];

/** The command tree: Airflow's words, one file per noun. */
export function createProgram(environment: Environment): Command {
  const program = new Command("airloom");
  program
    .description("The Airflow model, rebuilt in TypeScript.")
    .version(version, "-V, --version", "print the version")
    // Thrown instead of ending the process: `main.ts` alone decides exit codes.
    .exitOverride()
    .showHelpAfterError("       Run the command with --help to see its arguments.")
    .enablePositionalOptions();
  for (const add of nouns) add(program, environment);
  return program;
}
