import { AirloomError } from "@airloom/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { type Actor, type Permission, permits } from "../auth/permissions.ts";

/** What a handler gets: input that has been checked, and who asks. */
export interface RouteInput<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly actor: Actor;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** One route as data: the router, the permission test and OpenAPI read the same table. */
export interface Route<
  Params extends z.ZodType = z.ZodType<Record<string, never>>,
  Query extends z.ZodType = z.ZodType<Record<string, never>>,
  Body extends z.ZodType = z.ZodType<undefined>,
> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Parameters in braces: `/api/v2/dags/{dag_id}`. */
  readonly path: string;
  /** Airflow's operation in a few words, for OpenAPI. */
  readonly summary: string;
  /** Who may: checked before anything is read. `anyone` needs no login. */
  readonly can: Permission | "anyone";
  /** @default 200 */
  readonly status?: number;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** What a success looks like, for the description of the API. */
  readonly answer?: z.ZodType;
  /** Largest body, bytes. @default the server's */
  readonly bodyLimit?: number;
  readonly handle: (input: RouteInput<z.output<Params>, z.output<Query>, z.output<Body>>) => Promise<unknown>;
}

/** A route of any input: what tables of routes hold. */
export type AnyRoute = Omit<Route, "params" | "query" | "body" | "handle"> & {
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly handle: (input: RouteInput<never, never, never>) => Promise<unknown>;
};

/** Lets the handler's input types follow from the schemas. */
export const route = <Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
  definition: Route<Params, Query, Body>,
): AnyRoute => definition as unknown as AnyRoute;

/** Who a request is from; throws UNAUTHENTICATED. */
export type Authenticate = (request: FastifyRequest) => Promise<Actor>;

const nobody: Actor = { name: "anonymous", role: "viewer" };

export function addRoutes(app: FastifyInstance, routes: readonly AnyRoute[], authenticate: Authenticate): void {
  for (const one of routes) {
    app.route({
      method: one.method,
      url: routerPath(one.path),
      ...(one.bodyLimit === undefined ? {} : { bodyLimit: one.bodyLimit }),
      handler: async (request, reply) => {
        const actor = one.can === "anyone" ? nobody : await authenticate(request);
        if (one.can !== "anyone" && !permits(actor, one.can))
          throw new AirloomError("FORBIDDEN", { reason: `${actor.name} may not ${one.can}` });
        const input = {
          params: checked("path", one.params, request.params),
          query: checked("query", one.query, request.query),
          body: checked("body", one.body, one.body && shallow(request.body ?? undefined)),
          actor,
          request,
          reply,
        };
        const result = await one.handle(input as RouteInput<never, never, never>);
        // Someone who left a stream before its end has had an answer all the same.
        if (reply.sent || reply.raw.headersSent) return reply;
        return reply.code(one.status ?? 200).send(result ?? undefined);
      },
    });
  }
}

/** `{dag_id}` of the table, as OpenAPI writes it, in the router's words. */
const routerPath = (path: string): string => path.replace(/\{(\w+)\}/g, ":$1");

/** Refused input, in the words of FastAPI: what Airflow's clients read. */
export class InvalidInput extends Error {
  readonly detail: readonly unknown[];
  constructor(detail: readonly unknown[]) {
    super("invalid input");
    this.detail = detail;
  }
}

/** Deeper nesting is refused: what looks at a body calls itself level by level, and would run out of stack. */
const maxDepth = 64;

function shallow(body: unknown): unknown {
  let level: readonly unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth)
      throw new InvalidInput([
        { type: "too_deep", loc: ["body"], msg: `Input should not be nested more than ${maxDepth} levels deep` },
      ]);
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
  return body;
}

function checked(where: "path" | "query" | "body", schema: z.ZodType | undefined, value: unknown): unknown {
  if (!schema) return {};
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InvalidInput(
    result.error.issues.map((issue) => ({
      type: issue.code,
      loc: [where, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))],
      msg: issue.message,
    })),
  );
}
