import { AirloomError, isReplyLost } from "@airloom/core";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hangUp } from "./hang-up.ts";
import { InvalidInput } from "./route.ts";

/** Errors in Airflow's shape under /api/v2 and /auth, as problem documents elsewhere. Nothing of a stack or of SQL leaves. */
export function addErrorReplies(app: FastifyInstance, report: (error: unknown, url: string) => void): void {
  app.setNotFoundHandler((request, reply) => {
    if (isAirflowPath(request.url)) return reply.code(404).send({ detail: "Not Found" });
    return sendProblem(
      reply,
      new AirloomError("NOT_FOUND", { what: `${request.method} ${request.url.split("?", 1)}` }),
    );
  });
  app.setErrorHandler((error: FastifyError | AirloomError | InvalidInput, request, reply) => {
    if (globalThis.FAILPOINTS && isReplyLost(error)) return hangUp(reply);
    if (error instanceof InvalidInput) {
      const reason = error.detail.map((item) => (item as { msg: string }).msg).join("; ");
      if (isAirflowPath(request.url)) return reply.code(422).send({ detail: error.detail });
      return sendProblem(reply, new AirloomError("VALIDATION", { reason }));
    }
    const known = error instanceof AirloomError ? error : fromFastify(error);
    if (known.status >= 500) report(error, request.url);
    return refuse(request, reply, known);
  });
}

/** The answer to a path that the router itself refuses: one that cannot be decoded, or that is too long. */
export function refuseUrl(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  refuse(request, reply, fromFastify(error));
}

function refuse(request: FastifyRequest, reply: FastifyReply, error: AirloomError): FastifyReply {
  if (error.status === 401) reply.header("www-authenticate", "Bearer");
  if (!isAirflowPath(request.url)) return sendProblem(reply, error);
  return reply.code(error.status).send({ detail: `${error.message} ${error.hint}`.trim() });
}

const sendProblem = (reply: FastifyReply, error: AirloomError): FastifyReply =>
  reply.code(error.status).type(problemType).send(problem(error));

const isAirflowPath = (url: string): boolean => url.startsWith("/api/v2") || url.startsWith("/auth");

export const problemType = "application/problem+json; charset=utf-8";

/** RFC 9457. `code` and `data` are the catalogue's. */
export const problem = (error: AirloomError) => ({
  type: `urn:airloom:error:${error.code}`,
  title: error.message,
  status: error.status,
  detail: error.hint,
  code: error.code,
  data: error.data,
});

function fromFastify(error: FastifyError): AirloomError {
  const status = error.statusCode ?? 500;
  if (status === 413) return new AirloomError("BODY_TOO_LARGE", {});
  if (status === 415) return new AirloomError("UNSUPPORTED_MEDIA_TYPE", {});
  if (status < 500) return new AirloomError("BAD_REQUEST", { reason: error.message });
  return new AirloomError("INTERNAL", {}, { cause: error });
}
