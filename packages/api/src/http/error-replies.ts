import { AirloomError, isReplyLost } from "@airloom/core";
import type { FastifyError, FastifyInstance } from "fastify";
import { hangUp } from "./hang-up.ts";
import { InvalidInput } from "./route.ts";

/** Errors in Airflow's shape under /api/v2 and /auth, as problem documents elsewhere. Nothing of a stack or of SQL leaves. */
export function addErrorReplies(app: FastifyInstance, report: (error: unknown, url: string) => void): void {
  app.setNotFoundHandler((request, reply) => {
    const error = new AirloomError("NOT_FOUND", { what: `${request.method} ${request.url.split("?", 1)}` });
    return reply.code(404).send(isAirflowPath(request.url) ? { detail: "Not Found" } : problem(error));
  });
  app.setErrorHandler((error: FastifyError | AirloomError | InvalidInput, request, reply) => {
    if (globalThis.FAILPOINTS && isReplyLost(error)) return hangUp(reply);
    const airflow = isAirflowPath(request.url);
    if (error instanceof InvalidInput) {
      const reason = error.detail.map((item) => (item as { msg: string }).msg).join("; ");
      return reply
        .code(422)
        .send(airflow ? { detail: error.detail } : problem(new AirloomError("VALIDATION", { reason })));
    }
    const known = error instanceof AirloomError ? error : fromFastify(error);
    if (known.status >= 500) report(error, request.url);
    if (known.status === 401) reply.header("www-authenticate", "Bearer");
    return reply
      .code(known.status)
      .send(airflow ? { detail: `${known.message} ${known.hint}`.trim() } : problem(known));
  });
}

const isAirflowPath = (url: string): boolean => url.startsWith("/api/v2") || url.startsWith("/auth");

/** RFC 9457. `code` and `data` are the catalogue's. */
const problem = (error: AirloomError) => ({
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
  if (status === 415 || status === 400) return new AirloomError("BAD_REQUEST", { reason: error.message });
  if (status < 500) return new AirloomError("BAD_REQUEST", { reason: error.message });
  return new AirloomError("INTERNAL", {}, { cause: error });
}
