import { messageMediaType, unpackMessage } from "@airloom/wire";
import { z } from "zod";
import { bytesOf, type FuzzRequest } from "./fuzz-request.ts";
import type { FuzzRoute, JsonSchema } from "./routes.ts";
import { type Answered, patienceMs } from "./send-request.ts";

/** What is larger may be refused by closing the connection while it is still being sent, bytes. */
const largestBody = 1_048_576;
const largestHead = 15_000;

/** What is wrong with an answer, in words; null when nothing is. */
export function judgeAnswer(request: FuzzRequest, answer: Answered, route: FuzzRoute | undefined): string | null {
  if (answer.error !== null) return judgeFailure(request, answer.error);
  if (answer.milliseconds > patienceMs) return `it took ${Math.round(answer.milliseconds)} ms`;
  if (answer.status >= 500) return `status ${answer.status}`;
  if (answer.status < 300 && request.mustRefuse && request.method === request.route.split(" ", 1)[0])
    return `a sender who may not was answered with ${answer.status}`;
  if (answer.status >= 400) return judgeRefusal(request, answer);
  return judgeSuccess(request, answer, route);
}

function judgeFailure(request: FuzzRequest, error: string): string | null {
  const head =
    request.path.length + request.headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const isTooLarge = head > largestHead || (bytesOf(request)?.length ?? 0) > largestBody;
  if (isTooLarge && /EPIPE|ECONNRESET|socket hang up|Data after `Connection: close`/.test(error)) return null;
  return error === "timeout" ? "no answer" : `no answer: ${error}`;
}

function judgeRefusal(request: FuzzRequest, { status, headers, body }: Answered): string | null {
  if (request.method === "HEAD") return null;
  const leak = leakIn(body.toString("utf8"), `${request.path} ${JSON.stringify(request.body ?? "")}`);
  if (leak) return `the answer tells of the inside: ${leak}`;
  const type = String(headers["content-type"]);
  if (type === messageMediaType) return isRefusalMessage(body) ? null : "not a message with an error";
  const value = parsed(body);
  if (typeof value !== "object" || value === null) return `an error without a body of JSON (${type})`;
  // What is refused before its path is read has the shape of no path.
  const isRead = status !== 431 && status !== 408;
  const isAirflow = isRead && (request.path.startsWith("/api/v2") || request.path.startsWith("/auth"));
  return isAirflow ? judgeDetail(value) : judgeProblem(value, type);
}

const judgeDetail = (value: object): string | null => {
  const { detail } = value as { readonly detail?: unknown };
  if (Object.keys(value).length !== 1) return `fields of an error: ${Object.keys(value).join(", ")}`;
  if (typeof detail === "string" && detail !== "") return null;
  const isList = Array.isArray(detail) && detail.every((one: unknown) => typeof one === "object" && one !== null);
  return isList ? null : "no detail";
};

function judgeProblem(value: object, type: string): string | null {
  if (!type.startsWith("application/problem+json")) return `an error of media type ${type}`;
  const missing = ["type", "title", "status", "detail", "code"].filter((name) => !Object.hasOwn(value, name));
  return missing.length === 0 ? null : `a problem document without ${missing.join(", ")}`;
}

function isRefusalMessage(body: Buffer): boolean {
  try {
    const message = unpackMessage(body) as { readonly error?: { readonly code?: unknown } };
    return typeof message.error?.code === "string";
  } catch {
    return false;
  }
}

const inside = [
  /\n\s+at .+:\d+:\d+/,
  /node_modules\//,
  /file:\/\/\//,
  /\b(?:select|insert into|update|delete from)\b[\s\S]{0,200}\b(?:from|values|set|where)\b/i,
  /syntax error at or near/,
  /violates \w+ constraint/,
  /duplicate key value/,
  /invalid (?:byte sequence|input syntax)/,
  /pg_catalog|relation "/,
  /RangeError|TypeError|ReferenceError/,
];

/** A stack, a path or SQL, unless the request said the same words. */
function leakIn(text: string, sent: string): string | null {
  for (const one of inside) {
    const found = one.exec(text)?.[0];
    if (found !== undefined && !one.test(sent) && !one.test(decodeURIComponentOr(sent))) return found.slice(0, 120);
  }
  return null;
}

const decodeURIComponentOr = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

function judgeSuccess(
  request: FuzzRequest,
  { status, headers, body }: Answered,
  route: FuzzRoute | undefined,
): string | null {
  const isRoutes = route !== undefined && request.method === route.method;
  if (request.method === "HEAD" || request.method === "OPTIONS") return null;
  if (!isRoutes) return status < 300 && !request.route.startsWith("execution") ? judgeStrangeSuccess(request) : null;
  if (status === 204) return body.length === 0 ? null : "204 with a body";
  if (!String(headers["content-type"]).startsWith("application/json")) return null;
  const value = parsed(body);
  if (value === undefined) return "a success whose JSON does not parse";
  return route.answer ? mismatch(route.answer, value) : null;
}

/** Another method on the same path is another route, or the router answered what nobody documented. */
const judgeStrangeSuccess = (request: FuzzRequest): string | null =>
  request.mustRefuse && request.method === "GET" ? "nobody got an answer" : null;

const schemas = new WeakMap<JsonSchema, z.ZodType>();

function mismatch(schema: JsonSchema, value: unknown): string | null {
  const known = schemas.get(schema) ?? z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  schemas.set(schema, known);
  const result = known.safeParse(value);
  if (result.success) return null;
  const [issue] = result.error.issues;
  return `not the documented shape: ${issue?.path.join(".")}: ${issue?.message}`;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
