import type { Command } from "commander";
import type { Environment } from "../../context.ts";
import { addChanging } from "./changing.ts";
import { addListing } from "./listing.ts";
import { addReport } from "./report.ts";
import { addRuns } from "./runs.ts";
import { addShow } from "./show.ts";
import { addTest } from "./test.ts";
import { addTrigger } from "./trigger.ts";

/** `airloom dags …` */
export function addDagsCommands(program: Command, environment: Environment): void {
  const dags = program.command("dags").description("list, look at, trigger, pause and delete Dags");
  for (const add of [addListing, addShow, addTrigger, addChanging, addRuns, addReport, addTest]) add(dags, environment);
}
