import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { createRandom } from "../random.ts";
import { refill, type World } from "../world.ts";
import { createCoverage } from "./coverage.ts";
import { executionSenders, type MakeExecutionRequest } from "./execution-requests.ts";
import type { FuzzRequest } from "./fuzz-request.ts";
import { makeRequest, makeValidRequest } from "./http-requests.ts";
import { judgeAnswer } from "./judge-answer.ts";
import { type FuzzRoute, type OpenApiDocument, routesOf } from "./routes.ts";
import { type Answered, sendRequest } from "./send-request.ts";

export interface Finding {
  readonly what: string;
  readonly index: number;
  readonly request: FuzzRequest;
  readonly answer: string;
}

export interface HttpReport {
  readonly requests: number;
  readonly findings: readonly Finding[];
  /** Routes that no request reached with success, besides those that cannot be. */
  readonly neverReached: readonly string[];
  readonly coverage: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly slowestMs: number;
  /** Memory of the server at rest, MiB: after the first tenth, most, at the end. */
  readonly memory: { readonly first: number; readonly most: number; readonly last: number };
}

export interface Budget {
  readonly seed: number;
  readonly requests: number;
  readonly tell: (line: string) => void;
}

/** Routes that never succeed, and why. */
const neverSucceed: Readonly<Record<string, string>> = {
  "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/externalLogUrl/{try_number}":
    "there is no external log system",
  "POST /api/v2/connections/test": "testing connections is off",
};

const inFlight = 8;
const batchSize = 250;

/** Sends requests of a seed, several at a time, and looks at the server's memory between batches. */
export async function runHttp(world: World, { seed, requests, tell }: Budget): Promise<HttpReport> {
  const routes = routesOf(await world.api.get<OpenApiDocument>("/openapi.json"));
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const coverage = createCoverage();
  const findings: Finding[] = [];
  const memory: number[] = [];
  let slowestMs = 0;
  const byKey = new Map(routes.map((one) => [one.key, one]));
  const note = (request: FuzzRequest, index: number, { answer, what }: Judged): void => {
    slowestMs = Math.max(slowestMs, answer.milliseconds);
    coverage.count(request.route, answer);
    if (what === null) return;
    findings.push({ what, index, request, answer: `${answer.status} ${answer.body.toString("utf8").slice(0, 400)}` });
    if (findings.length <= 30)
      tell(`${index}: ${what}: ${request.method} ${request.path.slice(0, 200)} [${request.odd.join("; ")}]`);
  };
  // A machine that is busy may make an answer slow: what is slow again, alone, is.
  const slow: [FuzzRequest, number][] = [];
  const ask = async (request: FuzzRequest, index: number): Promise<void> => {
    const judged = await judge(world, agent, { request, route: byKey.get(request.route) });
    if (judged.what !== null && /^it took|^no answer/.test(judged.what)) slow.push([request, index]);
    else note(request, index, judged);
  };
  for (let from = 0; from < requests; from += batchSize) {
    await refill(world);
    const execution = await executionSenders(world, agent);
    const make = (index: number) => requestFor(index, { routes, seed, world, execution });
    await inTurns(Math.min(batchSize, requests - from), (offset) => ask(make(from + offset), from + offset));
    for (const [request, index] of slow.splice(0))
      note(request, index, await judge(world, agent, { request, route: byKey.get(request.route) }));
    memory.push(residentMiB(world.server.id.pid));
    if ((from / batchSize) % 8 === 7)
      tell(`${from + batchSize} requests, ${memory.at(-1)} MiB, ${findings.length} findings`);
  }
  agent.destroy();
  const expected = routes.map(({ key }) => key).filter((key) => !Object.hasOwn(neverSucceed, key));
  const first = memory[Math.floor(memory.length / 10)] ?? 0;
  return {
    requests,
    findings,
    neverReached: coverage.neverReached(expected),
    coverage: coverage.table(),
    slowestMs: Math.round(slowestMs),
    memory: { first, most: Math.max(...memory), last: memory.at(-1) ?? 0 },
  };
}

interface Making {
  readonly routes: readonly FuzzRoute[];
  readonly seed: number;
  readonly world: World;
  readonly execution: MakeExecutionRequest;
}

/** The first go once through all routes and should succeed; then the seed decides. */
function requestFor(index: number, { routes, seed, world, execution }: Making): FuzzRequest {
  const random = createRandom(seed, "http", index);
  const wish = { random, world, index };
  const first = routes[index % routes.length] as FuzzRoute;
  if (index < routes.length * 2) return makeValidRequest(first, wish);
  if (random.percent(12)) return execution(random, index);
  return makeRequest(routes[random.between(0, routes.length - 1)] as FuzzRoute, wish);
}

interface Judged {
  readonly answer: Answered;
  readonly what: string | null;
}

async function judge(
  world: World,
  agent: Agent,
  { request, route }: { readonly request: FuzzRequest; readonly route: FuzzRoute | undefined },
): Promise<Judged> {
  const answer = await sendRequest(world, agent, request);
  return { answer, what: judgeAnswer(request, answer, route) };
}

async function inTurns(count: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < count) await act(next++);
    }),
  );
}

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024);
}
