import type { ApiDeps } from "../api-deps.ts";
import type { AnyRoute } from "../http/route.ts";
import { catalogueRoutes } from "./dags/catalogue-routes.ts";
import { dagRoutes } from "./dags/dag-routes.ts";
import { nextRunRoutes } from "./dags/next-runs.ts";
import { taskRoutes } from "./dags/task-routes.ts";
import { clusterRoutes } from "./explain/cluster-routes.ts";
import { explainRoutes } from "./explain/explain-routes.ts";
import { homeRoutes } from "./home.ts";
import { loginRoutes } from "./login.ts";
import { monitorRoutes } from "./monitor.ts";
import { eventRoutes } from "./operation/event-routes.ts";
import { systemRoutes } from "./operation/system-routes.ts";
import { runRoutes } from "./runs/run-routes.ts";
import { connectionRoutes } from "./settings/connections.ts";
import { poolRoutes } from "./settings/pools.ts";
import { variableRoutes } from "./settings/variables.ts";
import { clearRoutes } from "./task-instances/clear.ts";
import { instanceRoutes } from "./task-instances/instance-routes.ts";
import { logRoutes } from "./task-instances/logs.ts";
import { markRoutes } from "./task-instances/mark-routes.ts";
import { tryRoutes } from "./task-instances/tries.ts";
import { xcomRoutes } from "./values/xcom-routes.ts";

const resources = [
  loginRoutes,
  monitorRoutes,
  dagRoutes,
  taskRoutes,
  catalogueRoutes,
  runRoutes,
  instanceRoutes,
  tryRoutes,
  logRoutes,
  markRoutes,
  clearRoutes,
  xcomRoutes,
  poolRoutes,
  variableRoutes,
  connectionRoutes,
  eventRoutes,
  systemRoutes,
  explainRoutes,
  nextRunRoutes,
  clusterRoutes,
];

/** Every route of people and their programs, one file per resource. */
export function restRoutes(deps: ApiDeps): readonly AnyRoute[] {
  const routes = resources.flatMap((resource) => resource(deps));
  return [...routes, ...homeRoutes(deps, routes)];
}
