import type { ApiDeps } from "./api-deps.ts";
import { openApi } from "./http/openapi.ts";
import { restRoutes } from "./rest/rest-routes.ts";

/** The description of the API without an API that runs: routes are data, and only their handlers touch what they work with. */
export const describeApi = () => openApi(restRoutes({ signingKey: new Uint8Array(64) } as ApiDeps), "v2");
