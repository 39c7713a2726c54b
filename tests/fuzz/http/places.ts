import type { Random } from "../random.ts";
import { dagIds, endedRuns, spareDags, spareKeys, spareRuns, type World } from "../world.ts";
import type { FuzzRoute } from "./routes.ts";
import type { Json } from "./valid-json.ts";

/** A value for each name of a path that belong together: such a path names something that is there. */
export type Place = Readonly<Record<string, string | number>>;

/** Of `shapes`: task, map indexes, tries. */
const tasks = [
  { task_id: "list", map_index: -1 },
  { task_id: "square", map_index: 0 },
  { task_id: "square", map_index: 2 },
  { task_id: "sum", map_index: -1 },
  { task_id: "inside.third", map_index: -1 },
  { task_id: "skipped", map_index: -1 },
] as const;

/** A place for a route: of what may be deleted when it deletes. */
export function placeFor(route: FuzzRoute, random: Random, world: World): Place {
  const task = taskFor(route, random);
  const deletes = route.method === "DELETE";
  const spares = deletes && !route.path.includes("taskInstances");
  const below =
    route.path.includes("{dag_run_id}") || route.path.includes("{run_id}") || route.path.includes("{task_id}");
  const run = spares ? random.pick(spareRuns) : random.pick(endedRuns);
  return {
    dag_id: spares ? (below ? "dates" : random.pick(spareDags)) : below ? "shapes" : random.pick(dagIds),
    dag_run_id: run,
    run_id: run,
    ...task,
    group_id: "inside",
    try_number: 1,
    task_try_number: 1,
    version_number: 1,
    xcom_key: task.task_id === "list" ? random.pick(spareKeys) : "return_value",
    pool_name: random.pick(spareKeys),
    variable_key: random.pick(spareKeys),
    connection_id: random.pick(spareKeys),
    import_error_id: world.importErrorId,
    event_log_id: world.eventLogId,
    section: "api",
    option: "port",
  };
}

/** Values of XComs that may be changed belong to `list`; paths with an index need a mapped task. */
function taskFor({ path, method }: FuzzRoute, random: Random): (typeof tasks)[number] {
  if (path.includes("xcomEntries/")) return random.percent(method === "GET" ? 50 : 100) ? tasks[0] : tasks[1];
  if (path.includes("{map_index}") || path.includes("listMapped")) return random.percent(50) ? tasks[1] : tasks[2];
  const plain = tasks.filter((one) => one.map_index < 0);
  return random.pick(path.includes("/tries") || path.includes("/logs") ? plain.slice(0, 3) : plain);
}

/** Values for properties of bodies, by their names. `mark` makes new names new. */
export const meaningOf =
  ({ path }: FuzzRoute, place: Place, mark: string) =>
  (property: string, random: Random): Json | undefined => {
    // A body that names what its path names as well.
    const own = /\{(variable_key|pool_name|connection_id)\}$/.exec(path)?.[1];
    const fresh = own === undefined ? `new${mark}` : String(place[own]);
    const known: Readonly<Record<string, Json>> = {
      username: "admin",
      key: own !== undefined || random.percent(70) ? fresh : random.pick(spareKeys),
      name: own !== undefined || random.percent(70) ? fresh : random.pick(spareKeys),
      connection_id: own !== undefined || random.percent(70) ? fresh : random.pick(spareKeys),
      conn_type: "http",
      dag_run_id: random.percent(50) ? fresh : String(place.dag_run_id),
      task_ids: random.pick<Json>([[String(place.task_id)], ["list", ["square", 1]], []]),
      dag_ids: [String(place.dag_id)],
      dag_run_ids: [String(place.dag_run_id)],
      conf: random.pick<Json>([{}, { count: 2 }]),
      extra: random.pick<Json>(['{"a": 1}', "{}"]),
      reset_dag_runs: true,
      order_by: random.pick(["dag_id", "-start_date", "run_after"]),
      page_limit: random.between(0, 50),
      page_offset: 0,
      update_mask: random.pick<Json>([["value"], ["description"], ["slots"]]),
      map_index: -1,
    };
    return Object.hasOwn(known, property) ? known[property] : undefined;
  };
