import type { Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";

const setNotes = statement(
  "task_instance.set_notes",
  `with ${clockOnce},
  locked as materialized (
    select ti.id from task_instance ti where ti.id = any($1::text[]) order by ti.id for no key update
  )
  update task_instance ti set note = $2, updated_at = clock.now from locked, clock where ti.id = locked.id`,
);

export const setTaskInstanceNotes =
  (sql: Sql): Tx["setTaskInstanceNotes"] =>
  async (ids, note) => {
    await sql.run(setNotes, [arrayOf(ids), note]);
  };
