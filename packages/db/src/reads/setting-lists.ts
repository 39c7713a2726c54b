import type { ConnectionField, EventField, PoolField, VariableField } from "@airloom/store";
import { poolFields } from "../limit/pools.ts";
import { connectionFields, secretFields } from "../value/secrets.ts";
import type { ListSource } from "./list.ts";

const slotsIn = (name: string, state: string): string =>
  `coalesce((select sum(ti.pool_slots) from task_instance ti where ti.pool = p.name and ti.state = '${state}'), 0)::int as "${name}"`;

export const poolList: ListSource<PoolField> = {
  select: `${poolFields}, ${slotsIn("running", "running")}, ${slotsIn("queued", "queued")},
    ${slotsIn("scheduled", "scheduled")}, ${slotsIn("deferred", "deferred")}`,
  from: "pool p",
  fields: { name: "p.name", slots: "p.slots", description: "p.description", includeDeferred: "p.include_deferred" },
  key: ["name"],
};

export const variableList: ListSource<VariableField> = {
  select: secretFields,
  from: "variable v",
  fields: { key: "v.key", description: "v.description", updatedAt: "v.updated_at" },
  key: ["key"],
};

export const connectionList: ListSource<ConnectionField> = {
  select: connectionFields,
  from: "connection c",
  fields: {
    connectionId: "c.connection_id",
    connType: "c.conn_type",
    description: "c.description",
    host: "c.host",
    port: "c.port",
    updatedAt: "c.updated_at",
  },
  key: ["connectionId"],
};

export const eventList: ListSource<EventField> = {
  select: `e.id, e.at, e.event, e.actor, e.dag_id as "dagId", e.run_id as "runId", e.task_id as "taskId",
    e.map_index as "mapIndex", e.try_number as "tryNumber", e.detail, r.logical_date as "logicalDate",
    d.display_name as "displayName"`,
  from: `event_log e left join dag_run r on r.dag_id = e.dag_id and r.run_id = e.run_id
    left join dag d on d.dag_id = e.dag_id`,
  id: "e.id",
  fields: {
    id: "e.id",
    at: "e.at",
    event: "e.event",
    actor: "e.actor",
    dagId: "e.dag_id",
    runId: "e.run_id",
    taskId: "e.task_id",
    mapIndex: "e.map_index",
    tryNumber: "e.try_number",
    logicalDate: "r.logical_date",
  },
  key: ["id"],
};
