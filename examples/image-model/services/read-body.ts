import type { IncomingMessage } from "node:http";

/** Thrown when a body is larger than the service takes. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/** The whole body of a request, at most `limit` bytes; the rest of a longer one is read and dropped, so that the answer is heard. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) throw new TypeError("a request without encoding gives buffers");
    size += part.length;
    if (size <= limit) parts.push(part);
  }
  if (size > limit) throw new BodyTooLarge(`the body is larger than ${limit} bytes`);
  return Buffer.concat(parts);
}
