import type { ApiDeps } from "../app.ts";
import type { AnyRoute } from "../http/route.ts";
import { loginRoutes } from "./login.ts";
import { monitorRoutes } from "./monitor.ts";

/** Every route of people and their programs, one file per resource. */
export const restRoutes = (deps: ApiDeps): readonly AnyRoute[] => [...loginRoutes(deps), ...monitorRoutes(deps)];
