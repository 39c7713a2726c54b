import { AirloomError } from "@airloom/core";
import type { Condition, EventField, EventListing } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { instant, iso } from "../../http/instant.ts";
import { integer, listOf, repeated } from "../../http/list-query.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { first, is } from "../find.ts";

const special = z.object({
  excluded_events: repeated(z.string().max(250)),
  included_events: repeated(z.string().max(250)),
  before: instant.optional(),
  after: instant.optional(),
});
const eventList = listOf<EventField>(
  {
    orderBy: {
      id: "id",
      event_log_id: "id",
      when: "at",
      dttm: "at",
      dag_id: "dagId",
      task_id: "taskId",
      run_id: "runId",
      event: "event",
      logical_date: "logicalDate",
      owner: "actor",
    },
    anyOf: {
      dag_id: { field: "dagId", of: "text" },
      task_id: { field: "taskId", of: "text" },
      run_id: { field: "runId", of: "text" },
      map_index: { field: "mapIndex", of: "integer" },
      try_number: { field: "tryNumber", of: "integer" },
      owner: { field: "actor", of: "text" },
      event: { field: "event", of: "text" },
    },
    text: { dag_id: "dagId", task_id: "taskId", run_id: "runId", owner: "actor", event: "event" },
  },
  special.shape,
);

/** The audit log: what people did, and what did not go its ordinary way. */
export const eventRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/eventLogs",
    summary: "Get Event Logs",
    can: "read the audit log",
    query: eventList.query,
    handle: async ({ query }) => {
      const where = specialConditions(query as unknown as z.output<typeof special>);
      const { rows, total } = await deps.reads.listEvents(eventList.toQuery(query, where));
      return { event_logs: rows.map(eventShape), total_entries: total };
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/eventLogs/{event_log_id}",
    summary: "Get Event Log",
    can: "read the audit log",
    params: z.object({ event_log_id: integer }),
    handle: async ({ params: { event_log_id: id } }) => {
      const [row] = (await deps.reads.listEvents(first(1, is("id", id)))).rows;
      if (!row) throw new AirloomError("NOT_FOUND", { what: `Event ${id}` });
      return eventShape(row);
    },
  }),
];

function specialConditions(query: z.output<typeof special>): readonly Condition<EventField>[] {
  const { excluded_events, included_events, before, after } = query;
  return [
    ...(included_events ? [is<EventField>("event", ...included_events)] : []),
    ...(excluded_events ? [{ kind: "notIn" as const, field: "event" as const, values: excluded_events }] : []),
    ...(before ? [{ kind: "compare" as const, field: "at" as const, is: "<=" as const, value: before }] : []),
    ...(after ? [{ kind: "compare" as const, field: "at" as const, is: ">=" as const, value: after }] : []),
  ];
}

const eventShape = (event: EventListing) => ({
  event_log_id: event.id,
  when: iso(event.at),
  dag_id: event.dagId,
  task_id: event.taskId,
  run_id: event.runId,
  map_index: event.mapIndex,
  try_number: event.tryNumber,
  event: event.event,
  logical_date: iso(event.logicalDate),
  owner: event.actor,
  owner_display_name: event.actor,
  extra: JSON.stringify(event.detail),
  dag_display_name: event.displayName,
  task_display_name: event.taskId,
  team_name: null,
});
