import { z } from "zod";
import type { ApiDeps } from "../api-deps.ts";
import { openApi } from "../http/openapi.ts";
import { type AnyRoute, route } from "../http/route.ts";

const page = (version: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Airloom</title>
</head>
<body>
<main>
<h1>Airloom ${version}</h1>
<p>It runs. What there is to look at:</p>
<ul>
<li><a href="/api/v2/monitor/health">Health</a></li>
<li><a href="/api/v2/version">Version</a></li>
<li><a href="/openapi.json">The API, as OpenAPI 3.1</a></li>
</ul>
<h2>Log in</h2>
<p>The first user is <code>admin</code>; its password was printed at the first start (or set by <code>AIRLOOM_ADMIN_PASSWORD</code>).
Get a token and send it with each request:</p>
<pre>curl -s -X POST localhost:8080/auth/token -H 'content-type: application/json' \\
  -d '{"username":"admin","password":"…"}'
curl -s localhost:8080/api/v2/dags -H 'authorization: Bearer …'</pre>
<p>On the command line: <code>airloom dags list</code>, <code>airloom dags trigger DAG</code>, <code>airloom explain DAG</code>.</p>
</main>
</body>
</html>
`;

/** A plain page, and the description of all routes. */
export function homeRoutes(deps: ApiDeps, others: readonly AnyRoute[]): readonly AnyRoute[] {
  const own: readonly AnyRoute[] = [
    route({
      method: "GET",
      path: "/",
      summary: "Front page",
      can: "anyone",
      query: z.object({}),
      handle: async ({ reply }) =>
        reply
          .header(
            "content-security-policy",
            "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
          )
          .type("text/html; charset=utf-8")
          .send(page(deps.version)),
    }),
    route({
      method: "GET",
      path: "/openapi.json",
      summary: "The API as OpenAPI 3.1",
      can: "anyone",
      query: z.object({}),
      handle: async () => openApi([...others, ...own], deps.version),
    }),
  ];
  return own;
}
