import type { IncomingHttpHeaders } from "node:http";
import type { InTurn } from "./in-turn.ts";
import { fromToken, type ObjectHead, pageOfKeys } from "./listing.ts";
import type { ObjectFiles } from "./object-files.ts";
import type { Reply, StoreRequest } from "./protocol.ts";
import { S3Error } from "./s3-error.ts";
import { bucketsXml, listingXml, locationXml } from "./xml.ts";

const xml = { "content-type": "application/xml" };
/** Query words that select what is asked for; any other would change the meaning of a request that we then misread. */
const listWords = [
  "list-type",
  "prefix",
  "delimiter",
  "max-keys",
  "continuation-token",
  "start-after",
  "encoding-type",
  "fetch-owner",
];

export interface Store {
  readonly files: ObjectFiles;
  readonly inTurn: InTurn;
}

/** Does what the request asks, or throws an S3Error. */
export async function answer(store: Store, request: StoreRequest): Promise<Reply> {
  refuseUnknownQuery(request);
  const { files } = store;
  if (request.bucket === "") return answerService(files, request);
  if (request.method !== "PUT" || request.key !== "") await files.requireBucket(request.bucket);
  return request.key === "" ? answerBucket(files, request) : answerObject(store, request);
}

function refuseUnknownQuery({ query, key, bucket }: StoreRequest): void {
  const known = key === "" && bucket !== "" ? [...listWords, "location", "x-id"] : ["x-id"];
  const unknown = [...query.keys()].find((word) => !known.includes(word));
  if (unknown !== undefined) throw new S3Error(501, "NotImplemented", `This server does not know "?${unknown}".`);
}

async function answerService(files: ObjectFiles, { method }: StoreRequest): Promise<Reply> {
  if (method === "GET") return { status: 200, headers: xml, body: bucketsXml(await files.buckets()) };
  throw notAllowed(method);
}

async function answerBucket(files: ObjectFiles, request: StoreRequest): Promise<Reply> {
  switch (request.method) {
    case "PUT":
      await files.createBucket(request.bucket);
      return { status: 200, headers: { location: `/${request.bucket}` } };
    case "HEAD":
      return { status: 200 };
    case "DELETE":
      await files.deleteBucket(request.bucket);
      return { status: 204 };
    case "GET":
      if (request.query.has("location")) return { status: 200, headers: xml, body: locationXml() };
      return list(files, request);
    default:
      throw notAllowed(request.method);
  }
}

async function list(files: ObjectFiles, { bucket, query }: StoreRequest): Promise<Reply> {
  if (query.get("list-type") !== "2") throw new S3Error(501, "NotImplemented", "Listings are given as version 2 only.");
  const maxKeys = Number(query.get("max-keys") ?? 1_000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0)
    throw new S3Error(400, "InvalidArgument", "max-keys is a whole number.");
  const token = query.get("continuation-token");
  const asked = {
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") ?? "",
    after: token === null ? (query.get("start-after") ?? "") : fromToken(token),
    maxKeys: Math.min(maxKeys, 1_000),
  };
  const page = pageOfKeys(await files.keys(bucket, asked.prefix), asked);
  const heads = await Promise.all(page.keys.map((key) => files.head(bucket, key)));
  // One deleted since its key was read is simply not listed.
  const objects = heads.filter((head) => head !== undefined);
  const listing = { ...page, objects, prefix: asked.prefix, maxKeys: asked.maxKeys };
  return { status: 200, headers: xml, body: listingXml(bucket, listing, query.get("encoding-type") === "url") };
}

function answerObject({ files, inTurn }: Store, request: StoreRequest): Promise<Reply> {
  switch (request.method) {
    case "PUT":
      return inTurn(`${request.bucket}/${request.key}`, () => put(files, request));
    case "DELETE":
      return inTurn(`${request.bucket}/${request.key}`, async () => {
        await files.remove(request.bucket, request.key);
        return { status: 204 };
      });
    case "HEAD":
      return head(files, request);
    case "GET":
      return get(files, request);
    default:
      throw notAllowed(request.method);
  }
}

async function put(files: ObjectFiles, { bucket, key, headers, body }: StoreRequest): Promise<Reply> {
  if (headers["x-amz-copy-source"] !== undefined)
    throw new S3Error(501, "NotImplemented", "Copies are not known here.");
  if (headers["if-match"] !== undefined || headers["if-none-match"] !== undefined) {
    const current = await files.head(bucket, key);
    if (headers["if-match"] !== undefined && current === undefined) throw noSuchKey(key);
    if (!meetsConditions(headers, current)) throw preconditionFailed(key);
  }
  const type = String(headers["content-type"] ?? "application/octet-stream").slice(0, 1_000);
  const etag = await files.write(bucket, key, { body, type });
  return { status: 200, headers: { etag: `"${etag}"` } };
}

async function head(files: ObjectFiles, { bucket, key, headers }: StoreRequest): Promise<Reply> {
  const found = await files.head(bucket, key);
  if (found === undefined) throw noSuchKey(key);
  return unlessUnchanged(headers, found) ?? { status: 200, headers: objectHeaders(found), length: found.size };
}

async function get(files: ObjectFiles, { bucket, key, headers }: StoreRequest): Promise<Reply> {
  const found = await files.read(bucket, key);
  if (found === undefined) throw noSuchKey(key);
  const unchanged = unlessUnchanged(headers, found.head);
  if (unchanged !== undefined) return unchanged;
  const range = parseRange(headers.range, found.body.length);
  if (range === undefined) return { status: 200, headers: objectHeaders(found.head), body: found.body };
  const contentRange = `bytes ${range.start}-${range.end - 1}/${found.body.length}`;
  const part = found.body.subarray(range.start, range.end);
  return { status: 206, headers: { ...objectHeaders(found.head), "content-range": contentRange }, body: part };
}

const objectHeaders = (found: ObjectHead): Record<string, string> => ({
  etag: `"${found.etag}"`,
  "last-modified": new Date(found.modified).toUTCString(),
  "content-type": found.type,
  "accept-ranges": "bytes",
});

/** The reply of a read that need not send the object; throws when `If-Match` fails. */
function unlessUnchanged(headers: IncomingHttpHeaders, found: ObjectHead): Reply | undefined {
  if (meetsConditions(headers, found)) return undefined;
  if (headers["if-none-match"] === undefined) throw preconditionFailed(found.key);
  return { status: 304, headers: objectHeaders(found) };
}

function meetsConditions(headers: IncomingHttpHeaders, current: ObjectHead | undefined): boolean {
  const names = (list: string) => list === "*" || list.split(",").some((etag) => etag.trim() === `"${current?.etag}"`);
  const match = headers["if-match"];
  if (match !== undefined && (current === undefined || !names(match))) return false;
  const noneMatch = headers["if-none-match"];
  return noneMatch === undefined || current === undefined || !names(noneMatch);
}

/** `bytes=2-5`, `bytes=2-`, `bytes=-3`; what is no single range of bytes is ignored, as HTTP says. */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size : Math.min(size, Number(to) + 1);
  if (start >= end) throw new S3Error(416, "InvalidRange", `The range "${header}" holds no byte of ${size}.`);
  return { start, end };
}

const noSuchKey = (key: string): S3Error => new S3Error(404, "NoSuchKey", `There is no object "${key}".`);
const preconditionFailed = (key: string): S3Error =>
  new S3Error(412, "PreconditionFailed", `The object "${key}" is not the one that the request expects.`);
const notAllowed = (method: string): S3Error => new S3Error(405, "MethodNotAllowed", `${method} is not allowed here.`);
