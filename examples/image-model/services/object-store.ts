import type { IncomingMessage, ServerResponse } from "node:http";
import { listen, type RunningService } from "./listen.ts";
import { createTurns } from "./object-store/in-turn.ts";
import { openObjectFiles } from "./object-store/object-files.ts";
import { answer, type Store } from "./object-store/operations.ts";
import { parseRequest, type Reply } from "./object-store/protocol.ts";
import { S3Error } from "./object-store/s3-error.ts";
import { type AccessKey, requireSignature } from "./object-store/signature.ts";
import { errorXml } from "./object-store/xml.ts";
import { BodyTooLarge, readBody } from "./read-body.ts";

export interface ObjectStoreOptions {
  /** Where buckets and objects are kept; made when missing. */
  readonly folder: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly accessKey: AccessKey;
  /** Told of failures that are the server's own. @default console.error */
  readonly log?: (line: string) => void;
}

/** The largest object taken, in bytes: bodies are held in memory, and a model or a shard is far smaller. */
const maxObjectBytes = 64 * 1_048_576;

/**
 * A small S3-compatible server for one machine: buckets, put (also conditional), get (also ranges and conditional),
 * head, delete, list v2; signatures checked; objects replaced whole or not at all. Path style addresses only. What it
 * does not know (multipart, versions, ACLs) it refuses with 501.
 *
 *     const store = await startObjectStore({ folder: "/tmp/s3", port: 4568, accessKey: { id: "local", secret: "…" } });
 *     await store.stop();
 */
export async function startObjectStore(options: ObjectStoreOptions): Promise<RunningService> {
  const store: Store = { files: await openObjectFiles(options.folder), inTurn: createTurns() };
  const log = options.log ?? console.error;
  return listen(options.port, (request, response) => {
    void (async () => {
      const body = await readBody(request, maxObjectBytes);
      requireSignature(request, options.accessKey, Date.now());
      send(response, request, await answer(store, parseRequest(request, body)));
    })().catch((error: unknown) => sendError(response, request, toS3Error(error, log)));
  });
}

function send(response: ServerResponse, request: IncomingMessage, reply: Reply): void {
  const body = reply.body ?? "";
  // A HEAD tells the length of what GET would send; a 304 and a 204 have no body at all.
  const length = reply.length ?? Buffer.byteLength(body);
  const bodiless = reply.status === 204 || reply.status === 304;
  response.writeHead(reply.status, { ...reply.headers, ...(bodiless ? {} : { "content-length": length }) });
  response.end(request.method === "HEAD" || bodiless ? undefined : body);
}

function sendError(response: ServerResponse, request: IncomingMessage, error: S3Error): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const headers = { "content-type": "application/xml" };
  send(response, request, { status: error.status, headers, body: errorXml(error, request.url ?? "/") });
}

function toS3Error(error: unknown, log: (line: string) => void): S3Error {
  if (error instanceof S3Error) return error;
  if (error instanceof BodyTooLarge) return new S3Error(413, "EntityTooLarge", "Objects have at most 64 MiB here.");
  log(`object store: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return new S3Error(500, "InternalError", error instanceof Error ? error.message : String(error));
}
