import { AirloomError, isReplyLost } from "@airloom/core";
import {
  type ExecutionAnswer,
  type ExecutionContract,
  type ExecutionMethod,
  executionMethods,
  executionPath,
  messageMediaType,
  packMessage,
  unpackMessage,
} from "@airloom/wire";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { permits } from "../auth/permissions.ts";
import { hangUp } from "../http/hang-up.ts";
import type { Authenticate } from "../http/route.ts";
import { checkArgs } from "./check-args.ts";

export interface ExecutionRouteOptions {
  readonly authenticate: Authenticate;
  /** Largest message, bytes: values and logs travel in them. */
  readonly bodyLimit: number;
}

/** Serves the contract to workers and dag-processors that are not in this process, for a worker's bearer token only. */
export function addExecutionRoutes(
  app: FastifyInstance,
  execution: ExecutionContract,
  options: ExecutionRouteOptions,
): void {
  const { authenticate, bodyLimit } = options;
  app.addContentTypeParser(messageMediaType, { parseAs: "buffer", bodyLimit }, (_request, body, done) => {
    done(null, body);
  });
  for (const method of executionMethods) {
    app.post(executionPath(method), { bodyLimit }, async (request, reply) => {
      try {
        const actor = await authenticate(request);
        if (!permits(actor, "run work"))
          throw new AirloomError("FORBIDDEN", { reason: `${actor.name} may not run work` });
        return answer(reply, 200, { result: (await call(execution, method, request, reply)) ?? null });
      } catch (error) {
        if (globalThis.FAILPOINTS && isReplyLost(error)) return hangUp(reply);
        if (!(error instanceof AirloomError)) throw error;
        return answer(reply, error.status, { error: { code: error.code, data: error.data } });
      }
    });
  }
}

const answer = (reply: FastifyReply, status: number, content: ExecutionAnswer): FastifyReply =>
  reply
    .code(status)
    .type(messageMediaType)
    .send(Buffer.from(packMessage(content)));

async function call(
  execution: ExecutionContract,
  method: ExecutionMethod,
  ...[request, reply]: [FastifyRequest, FastifyReply]
): Promise<unknown> {
  const message = request.body instanceof Uint8Array ? unpackMessage(request.body) : null;
  const args = (message as { readonly args?: unknown } | null)?.args;
  if (!Array.isArray(args))
    throw new AirloomError("BAD_REQUEST", {
      reason: `The body must be a packed message with the arguments of ${method}.`,
    });
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  const fn = execution[method] as (...all: readonly unknown[]) => Promise<unknown>;
  return fn(...checkArgs(method, args), ...(method === "claim" ? [gone.signal] : []));
}
