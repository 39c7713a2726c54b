import { timingSafeEqual } from "node:crypto";
import { AirloomError } from "@airloom/core";
import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import type { ApiDeps } from "./api-deps.ts";
import type { Actor } from "./auth/permissions.ts";
import { createTokens } from "./auth/tokens.ts";
import { addExecutionRoutes } from "./execution/routes.ts";
import { addErrorReplies, refuseUrl } from "./http/error-replies.ts";
import { refuseConnection } from "./http/refuse-connection.ts";
import { addRoutes } from "./http/route.ts";
import { restRoutes } from "./rest/rest-routes.ts";

/** More are closed at once: each holds a file descriptor and some KiB, whatever it does. */
const maxConnections = 4_096;

/** The whole API as one application: listen on it, or call it in process (`inject`) without a socket. */
export function createApi(deps: ApiDeps): FastifyInstance {
  const app = fastify({
    bodyLimit: deps.bodyLimitBytes,
    // Ids may be 250 long, and percent-encoded three times that.
    routerOptions: { maxParamLength: 1_000 },
    forceCloseConnections: true,
    // Someone who sends a head byte by byte, or nothing, is let go after ten seconds; a large value over a thin line has two minutes.
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2_000 },
    requestTimeout: 120_000,
    frameworkErrors: refuseUrl,
    clientErrorHandler: refuseConnection,
  });
  app.server.maxConnections = maxConnections;
  app.addHook("onSend", async (_request, reply) => {
    reply
      .header("x-content-type-options", "nosniff")
      .header("referrer-policy", "no-referrer")
      .header("cache-control", "no-store");
  });
  addErrorReplies(app, deps.report);
  const authenticate = createAuthenticate(deps);
  addRoutes(app, restRoutes(deps), authenticate);
  addExecutionRoutes(app, deps.execution, { authenticate, bodyLimit: deps.executionLimitBytes });
  return app;
}

function createAuthenticate(deps: ApiDeps): (request: FastifyRequest) => Promise<Actor> {
  const tokens = createTokens(deps.signingKey);
  const workerToken = Buffer.from(deps.workerToken);
  return async (request) => {
    const [scheme, token = ""] = (request.headers.authorization ?? "").split(" ", 2);
    if (scheme?.toLowerCase() !== "bearer") throw new AirloomError("UNAUTHENTICATED");
    const given = Buffer.from(token);
    if (given.length === workerToken.length && timingSafeEqual(given, workerToken))
      return { name: "worker", role: "worker" };
    const actor = tokens.verify(token, deps.now());
    if (!actor) throw new AirloomError("UNAUTHENTICATED");
    return actor;
  };
}
