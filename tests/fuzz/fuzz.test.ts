import { Agent } from "node:http";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { aftermathOf } from "./aftermath.ts";
import { readCases } from "./cases.ts";
import { runCli } from "./cli/run-cli.ts";
import { judgeAnswer } from "./http/judge-answer.ts";
import { runHttp } from "./http/run-http.ts";
import { sendRequest } from "./http/send-request.ts";
import { aftermathFailures, cliFailures, httpFailures, rawFailures } from "./parts.ts";
import { runRaw } from "./raw/run-raw.ts";
import { createWorld, type World } from "./world.ts";

// A machine that is busy with other tests needs several times as long as an idle one.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const seed = 20_261_124;
const tell = (line: string): void => console.error(line);
const cases = readCases();
const agent = new Agent({ keepAlive: true });
let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(async () => {
  agent.destroy();
  await world?.remove();
});

test.each(cases.map((one) => [one.title, one] as const))("%s", async (_, { request, status }) => {
  const answer = await sendRequest(world, agent, request);
  expect(judgeAnswer(request, answer, undefined)).toBeNull();
  // A head that is too large may be refused by closing while it is being sent.
  if (answer.error === null || status !== 431) expect(answer.status).toBe(status);
});

test("1,500 requests of a seed: every route succeeds, none fails, hangs, leaks or answers in a shape of its own", async () => {
  expect(httpFailures(await runHttp(world, { seed, requests: 1_500, tell }))).toEqual([]);
});

test("bytes that are no request, or two in one, are refused, while others are served", async () => {
  const budget = { seed, spoiled: 200, idleConnections: 200, waitsForClose: false, tell };
  expect(rawFailures(await runRaw(world, budget))).toEqual([]);
});

test("160 command lines of a seed and a few odd surroundings end in words, with a code that is documented", async () => {
  expect(cliFailures(await runCli(world, { seed, lines: 160, oneRealIn: 0, surroundings: 8, tell }))).toEqual([]);
});

test("after all that the log is clean, what must hold holds, and a pipeline runs", async () => {
  expect(aftermathFailures(await aftermathOf(world))).toEqual([]);
});
