import type { Command } from "commander";
import type { Environment } from "../../context.ts";
import { addClear } from "./clear.ts";
import { addLogs } from "./logs.ts";
import { addStates } from "./states.ts";
import { addTest } from "./test.ts";

/** `airloom tasks …` */
export function addTasksCommands(program: Command, environment: Environment): void {
  const tasks = program.command("tasks").description("look at tasks, read their logs, run them again");
  for (const add of [addStates, addLogs, addClear, addTest]) add(tasks, environment);
}
