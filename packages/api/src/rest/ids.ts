import { z } from "zod";
import { integer } from "../http/list-query.ts";

/** Ids in paths. `~` stands for all, in lists. */
const id = z.string().min(1).max(250);
export const everything = "~";

export const dagPath = z.object({ dag_id: id });
export const runPath = dagPath.extend({ dag_run_id: id });
export const taskPath = runPath.extend({ task_id: id });
export const instancePath = taskPath.extend({ map_index: integer });

export const mapIndexQuery = z.object({ map_index: integer.default(-1) });
