import { z } from "zod";

/** What answers look like, as the API's description says it; they are made beside the routes, and not checked again there. */
const text = z.string().nullable();
const count = z.number().int();
const noTeam = z.null();

export const poolAnswer = z.object({
  name: z.string(),
  slots: count,
  description: text,
  include_deferred: z.boolean(),
  occupied_slots: count,
  running_slots: count,
  queued_slots: count,
  scheduled_slots: count,
  open_slots: count,
  deferred_slots: count,
  team_name: noTeam,
});

export const variableAnswer = z.object({
  key: z.string(),
  value: z.string(),
  description: text,
  is_encrypted: z.boolean(),
  team_name: noTeam,
});

export const connectionAnswer = z.object({
  connection_id: z.string(),
  conn_type: z.string(),
  description: text,
  host: text,
  login: text,
  schema: text,
  port: count.nullable(),
  password: text,
  extra: text,
  team_name: noTeam,
});

/** A page of a list: its rows under the list's name, and how many there are in all. */
export const pageOf = <Row extends z.ZodType>(name: string, row: Row) =>
  z.object({ [name]: z.array(row), total_entries: count });
