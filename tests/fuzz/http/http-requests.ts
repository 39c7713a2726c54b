import { absurdText, oddDates, oddNumberTexts } from "../absurd.ts";
import type { Random } from "../random.ts";
import { roles, type World } from "../world.ts";
import { encoded, type FuzzBody, type FuzzRequest } from "./fuzz-request.ts";
import { jsonText, largeBody, mutated, spoiledBody } from "./mutate-json.ts";
import { meaningOf, type Place, placeFor } from "./places.ts";
import type { FuzzRoute, JsonSchema } from "./routes.ts";
import { type Json, someDate, validJson } from "./valid-json.ts";

/** A request that is being put together. */
interface Draft {
  method: string;
  path: Record<string, string>;
  /** Parts that go out as they are. */
  readonly raw: Set<string>;
  query: [string, string][];
  headers: [string, string][];
  json: Json | undefined;
  body: FuzzBody | undefined;
  gzip: boolean;
  mustRefuse: boolean;
  readonly odd: string[];
}

/** The API's limit of a body, bytes. */
const bodyLimit = 1_048_576;

/** Fields whose right value keeps the login out of it: each true login costs a third of a second. */
const isLogin = ({ path }: FuzzRoute): boolean => path.startsWith("/auth/");

export interface Wish {
  readonly random: Random;
  readonly world: World;
  readonly index: number;
}

/** Valid, nearly valid or absurd, by the seed. */
export function makeRequest(route: FuzzRoute, wish: Wish): FuzzRequest {
  const { random } = wish;
  const draft = validDraft(route, wish);
  const kind = random.number();
  if (kind > 0.45) spoil(route, draft, wish);
  if (kind > 0.75) spoil(route, draft, wish);
  if (kind > 0.9) for (let times = random.between(1, 5); times > 0; times--) spoil(route, draft, wish);
  return requestOf(route, draft);
}

/** One that should succeed, for the start: each route is asked so at least once. */
export const makeValidRequest = (route: FuzzRoute, wish: Wish): FuzzRequest =>
  requestOf(route, validDraft(route, wish));

function validDraft(route: FuzzRoute, { random, world, index }: Wish): Draft {
  const place = placeFor(route, random, world);
  return {
    method: route.method,
    path: Object.fromEntries(Object.keys(route.pathParameters).map((name) => [name, String(place[name] ?? "1")])),
    raw: new Set(),
    query: validQuery(route, random, place),
    headers: route.permission === null ? [] : [["authorization", "@admin"]],
    json: route.body ? bodyFor(route, place, { random, world, index }) : undefined,
    body: undefined,
    gzip: false,
    mustRefuse: false,
    odd: [],
  };
}

function bodyFor(route: FuzzRoute, place: Place, { random, world, index }: Wish): Json {
  if (isLogin(route) && random.percent(80)) return { username: "admin", password: "" };
  if (isLogin(route)) return { username: "admin", password: world.project.password };
  return validJson(route.body ?? {}, random, meaningOf(route, place, String(index)));
}

function validQuery(route: FuzzRoute, random: Random, place: Place): [string, string][] {
  const names = Object.keys(route.queryParameters);
  const chosen = random.some(names, random.between(0, 3));
  return names
    .filter((name) => chosen.includes(name) || route.requiredQuery.includes(name))
    .flatMap((name) => {
      return [[name, queryText(route, name, { random, place })] as [string, string]];
    });
}

function queryText(route: FuzzRoute, name: string, { random, place }: { random: Random; place: Place }): string {
  const schema = route.queryParameters[name] ?? {};
  if (name === "limit") return String(random.between(0, 60));
  if (name === "offset") return String(random.between(0, 5));
  if (name === "map_index") return String(place.map_index);
  if (name === "update_mask") return maskFor(route);
  if (name === "order_by")
    return route.path.endsWith("/tasks") ? "task_id" : random.pick(["dag_id", "-run_after", "id", "key", "name"]);
  if (place[name] !== undefined) return String(place[name]);
  if (schema.format === "date-time") return someDate(random);
  if (schema.type === "array") return scalarText(schema.items || {}, random);
  return scalarText(schema, random);
}

const maskFor = ({ path }: FuzzRoute): string =>
  path.includes("dagRuns") ? "note" : path.includes("/dags") ? "is_paused" : "description";

function scalarText(schema: JsonSchema, random: Random): string {
  const value = validJson(schema, random);
  return typeof value === "string" ? value : jsonText(value);
}

type Spoil = (route: FuzzRoute, draft: Draft, wish: Wish) => void;

function spoil(route: FuzzRoute, draft: Draft, wish: Wish): void {
  const ways: Spoil[] = [spoilHeaders, spoilQuery, spoilQuery, spoilMethod];
  if (Object.keys(draft.path).length > 0) ways.push(spoilPath, spoilPath, spoilPath);
  if (route.body) ways.push(spoilJson, spoilJson, spoilJson, spoilJson, spoilBody, spoilType);
  else if (wish.random.percent(15)) ways.push(spoilBody);
  wish.random.pick(ways)(route, draft, wish);
}

const spoilPath: Spoil = (_route, draft, { random }) => {
  const name = random.pick(Object.keys(draft.path));
  const isNumber = /^-?\d+$/.test(draft.path[name] ?? "");
  draft.path[name] = isNumber && random.percent(50) ? random.pick(oddNumberTexts) : absurdText(random);
  if (random.percent(25)) draft.raw.add(name);
  draft.odd.push(`path ${name}`);
};

const strangeNames = ["__proto__", "constructor", "limit[]", "limit[a]", "order_by", "", "a".repeat(500), "dag_id"];

const spoilQuery: Spoil = (route, draft, { random }) => {
  const known = Object.keys(route.queryParameters);
  const name = known.length > 0 && random.percent(85) ? random.pick(known) : random.pick(strangeNames);
  const schema = route.queryParameters[name] ?? {};
  const value = oddQueryText(name, schema, random);
  const times = random.percent(8) ? random.pick([2, 3, 1_500]) : 1;
  draft.query.push(...Array.from({ length: times }, () => [name, value] as [string, string]));
  draft.odd.push(`query ${name}`);
};

const columns: readonly string[] = [
  "id",
  "dag_id",
  "-dag_id",
  "run_after",
  "password_hash",
  "dag_id; drop table dag",
  "(select 1)",
  "--",
  ",",
  "1",
];

function oddQueryText(name: string, schema: JsonSchema, random: Random): string {
  if (name === "order_by" && random.percent(70))
    return random.pick([...columns, "__proto__", "constructor", "toString"]);
  if (schema.format === "date-time" && random.percent(80)) return random.pick(oddDates);
  const type = schema.type === "array" && schema.items ? schema.items.type : schema.type;
  if ((type === "integer" || type === "number") && random.percent(75)) return random.pick(oddNumberTexts);
  return absurdText(random);
}

const spoilMethod: Spoil = (_route, draft, { random }) => {
  draft.method = random.pick(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "LINK"]);
  draft.odd.push(`method ${draft.method}`);
};

const badTokens = [
  "",
  "Bearer",
  "Bearer ",
  "Bearer a.b.c",
  "Bearer ..",
  "Bearer null",
  "Basic YWRtaW46YWRtaW4=",
  "Digest x",
  `Bearer ${Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url")}.${Buffer.from('{"sub":"admin","role":"admin","aud":"airloom.api","exp":9999999999}').toString("base64url")}.`,
  `Bearer ${"x".repeat(6_000)}`,
  "bearer\t@admin",
];

const oddHeaders: readonly (readonly [string, string])[] = [
  ["accept", "text/html"],
  ["accept", "application/x-ndjson"],
  ["accept", ""],
  ["accept", ";;;,,,q=9"],
  ["accept", "*/*;q=0"],
  ["accept", "a/b,".repeat(1_000)],
  ["host", "evil.example"],
  ["host", ""],
  ["x-forwarded-host", "evil.example"],
  ["x-forwarded-for", "127.0.0.1, ::1"],
  ["x-http-method-override", "DELETE"],
  ["origin", "https://evil.example"],
  ["cookie", `session=${"c".repeat(4_000)}`],
  ["range", "bytes=0-0,1-1,2-2"],
  ["if-none-match", "*"],
  ["if-modified-since", "not a date"],
  ["expect", "100-continue"],
  ["content-encoding", "br"],
  ["idempotency-key", "the same key"],
  ["idempotency-key", "k".repeat(2_000)],
  ["traceparent", "00-not-a-trace"],
  ["x-request-id", "../../x"],
  ["connection", "close"],
  ["te", "trailers, deflate;q=0.5"],
  ["upgrade-insecure-requests", "1"],
];

const spoilHeaders: Spoil = (route, draft, { random }) => {
  if (random.percent(50)) {
    const [name, value] = random.pick(oddHeaders);
    draft.headers.push([name, value]);
    draft.odd.push(`header ${name}`);
    return;
  }
  const other = random.percent(50) ? `@${random.pick([...roles, "worker"] as const)}` : random.pick(badTokens);
  draft.headers = draft.headers.filter(([name]) => name !== "authorization");
  if (other !== "") draft.headers.push(["authorization", other]);
  const isNobody = !other.startsWith("@") || other === "@worker";
  draft.mustRefuse = isNobody && route.permission !== null;
  draft.odd.push(`sender ${other.slice(0, 20) || "nobody"}`);
};

const spoilJson: Spoil = (_route, draft, { random }) => {
  const { value, odd } = mutated(draft.json ?? {}, random);
  draft.json = value;
  draft.odd.push(odd);
};

const spoilBody: Spoil = (route, draft, { random }) => {
  const isLarge = random.percent(6);
  const { body, odd } = isLarge ? largeBody(random, bodyLimit) : spoiledBody(jsonText(draft.json ?? {}), random);
  draft.body = body;
  draft.odd.push(`body ${odd}`);
  if (route.body === null) draft.headers.push(["content-type", "application/json"]);
};

const types = [
  "text/plain",
  "application/xml",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
  "application/json; charset=utf-16",
  "application/json; charset=nonsense",
  "application/json;".repeat(50),
  "application/merge-patch+json",
  "application/x-airloom-message",
  "APPLICATION/JSON",
  "json",
  "/",
  "",
];

const spoilType: Spoil = (_route, draft, { random }) => {
  if (random.percent(25)) {
    draft.gzip = true;
    draft.headers.push(["content-encoding", "gzip"]);
    if (random.percent(30)) draft.body = { unit: " ", times: 20_000_000, after: "{}" };
    draft.odd.push("compressed");
    return;
  }
  draft.headers.push(["content-type", random.pick(types)]);
  draft.odd.push("content type");
};

function requestOf(route: FuzzRoute, draft: Draft): FuzzRequest {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = draft.path[name] ?? "";
    return draft.raw.has(name) && /^[!-~]*$/.test(value) ? value : encoded(value);
  });
  const query = draft.query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
  const body = draft.body ?? (draft.json === undefined ? undefined : { text: jsonText(draft.json) });
  const hasType = draft.headers.some(([name]) => name === "content-type");
  return {
    route: route.key,
    method: draft.method,
    path: `${path}${query === "" ? "" : `?${query}`}`,
    headers: body && !hasType ? [...draft.headers, ["content-type", "application/json"]] : draft.headers,
    ...(body ? { body } : {}),
    ...(draft.gzip ? { gzip: true } : {}),
    odd: draft.odd,
    ...(draft.mustRefuse ? { mustRefuse: true } : {}),
  };
}
