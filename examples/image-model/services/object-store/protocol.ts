import { createHash } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { decodeAwsChunked } from "./aws-chunked.ts";
import { S3Error } from "./s3-error.ts";

export interface StoreRequest {
  readonly method: string;
  /** Empty for the service itself. */
  readonly bucket: string;
  /** Empty for a bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Length to tell when the body itself is not there (HEAD). @default the body's */
  readonly length?: number;
}

/** What a request asks for, checked: its bucket, key, query and body, the latter as the client meant it. */
export function parseRequest(request: IncomingMessage, body: Buffer): StoreRequest {
  // Not `new URL()`: it folds "/../", and such a key would be another one.
  const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const slash = path.indexOf("/", 1);
  const bucket = decode(slash < 0 ? path.slice(1) : path.slice(1, slash));
  if (bucket !== "" && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new S3Error(400, "InvalidBucketName", `"${bucket}" is not a bucket name: 3 to 63 of a-z, 0-9, "." and "-".`);
  }
  return {
    method: request.method ?? "GET",
    bucket,
    key: slash < 0 ? "" : decode(path.slice(slash + 1)),
    query: new URLSearchParams(query),
    headers: request.headers,
    body: payload(request, body),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error(400, "InvalidURI", "The path is not valid percent-encoded UTF-8.");
  }
}

/** The object's bytes: out of their transfer coding, and checked against the sums that the client sent. */
function payload({ headers }: IncomingMessage, body: Buffer): Buffer {
  const declared = String(headers["x-amz-content-sha256"] ?? "");
  const chunked = declared.startsWith("STREAMING-") || headers["content-encoding"]?.includes("aws-chunked") === true;
  const bytes = chunked ? decodeChunks(body) : body;
  const length = headers["x-amz-decoded-content-length"];
  if (length !== undefined && Number(length) !== bytes.length) {
    throw new S3Error(400, "IncompleteBody", `${length} bytes were announced, ${bytes.length} came.`);
  }
  if (/^[0-9a-f]{64}$/.test(declared) && createHash("sha256").update(bytes).digest("hex") !== declared) {
    throw new S3Error(400, "XAmzContentSHA256Mismatch", "The body does not match x-amz-content-sha256.");
  }
  const md5 = headers["content-md5"];
  if (md5 !== undefined && createHash("md5").update(bytes).digest("base64") !== md5) {
    throw new S3Error(400, "BadDigest", "The body does not match Content-MD5.");
  }
  return bytes;
}

function decodeChunks(body: Buffer): Buffer {
  try {
    return decodeAwsChunked(body);
  } catch (error) {
    throw new S3Error(400, "IncompleteBody", error instanceof Error ? error.message : String(error));
  }
}
