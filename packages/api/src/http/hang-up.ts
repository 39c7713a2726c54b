import type { FastifyReply } from "fastify";

/** Closes the connection without an answer, as a server that died would: for failpoints. */
export function hangUp(reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.destroy();
  return reply;
}
