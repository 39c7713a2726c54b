import { makeHttpExecution, type ServedExecution, someSpec } from "@airloom/testkit";
import {
  createHttpExecution,
  executionMethods,
  executionPath,
  messageMediaType,
  packMessage,
  unpackMessage,
} from "@airloom/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTokens } from "../src/auth/tokens.ts";

let served: ServedExecution;
beforeAll(async () => {
  served = await makeHttpExecution({});
});
afterAll(() => served.close());

const post = (
  method: string,
  { token, body, type = messageMediaType }: { token?: string; body: Uint8Array | string; type?: string },
) =>
  fetch(new URL(executionPath(method as (typeof executionMethods)[number]), served.baseUrl), {
    method: "POST",
    headers: { "content-type": type, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    body: body as Uint8Array<ArrayBuffer>,
  });
const nothing = packMessage({ args: [] });
const answerOf = async (response: Response) => unpackMessage(new Uint8Array(await response.arrayBuffer()));

test.each([...executionMethods])("%s is closed to nobody's, to forged and to people's tokens", async (method) => {
  for (const token of [undefined, "", "forged", `${served.workerToken}x`, "a.b.c"]) {
    const response = await post(method, { body: nothing, ...(token === undefined ? {} : { token }) });
    expect([token, response.status]).toEqual([token, 401]);
    expect(await answerOf(response)).toMatchObject({ error: { code: "UNAUTHENTICATED" } });
  }
  const tokens = createTokens(served.api.signingKey);
  for (const role of ["viewer", "user", "op", "admin"] as const) {
    const response = await post(method, { token: tokens.issue({ name: "ann", role }, 60, new Date()), body: nothing });
    expect([role, response.status]).toEqual([role, 403]);
    expect(await answerOf(response)).toMatchObject({ error: { code: "FORBIDDEN" } });
  }
});

test("a client with a bad token is refused with a code, and may renew it", async () => {
  let token = "expired";
  const execution = createHttpExecution({ baseUrl: served.baseUrl, token: () => token });
  await expect(execution.missingParts([])).rejects.toMatchObject({ code: "UNAUTHENTICATED", status: 401 });
  token = served.workerToken;
  expect(await execution.missingParts([])).toEqual([]);
});

test.each([
  ["no message at all", new Uint8Array(0)],
  ["a message that was cut", nothing.slice(0, 3)],
  ["bytes of something else", new TextEncoder().encode("hello")],
  ["a message without arguments", packMessage({ result: 1 })],
  ["arguments that are no list", packMessage({ args: "x" })],
])("%s is refused as a bad request, never with a fault of the server", async (_, body) => {
  const response = await post("missingParts", { token: served.workerToken, body });
  expect(response.status).toBe(400);
});

test("another media type is refused", async () => {
  const response = await post("missingParts", { token: served.workerToken, body: "{}", type: "application/json" });
  expect([400, 415]).toContain(response.status);
});

test("a message above the limit is refused", async () => {
  const body = packMessage({ args: ["hash", new Uint8Array(served.api.executionLimitBytes)] });
  const response = await post("putPart", { token: served.workerToken, body });
  expect(response.status).toBe(413);
});

test("a method that is not in the contract is not found", async () => {
  const response = await post("constructor", { token: served.workerToken, body: nothing });
  expect(response.status).toBe(404);
});

test.each([...executionMethods])("%s without what it needs is refused, never answered with a fault", async (method) => {
  for (const args of [[], [null], [""], [{}], [[null]], [{ attempt: null, records: 3 }], [new Date(0), 1, 2, 3]]) {
    const response = await post(method, { token: served.workerToken, body: packMessage({ args }) });
    expect([method, args, response.status]).toEqual([method, args, 400]);
    expect(await answerOf(response)).toMatchObject({ error: { code: "BAD_REQUEST" } });
  }
});

test("a refusal names the place that is wrong and repeats nothing of what came", async () => {
  const attempt = { taskInstanceId: "ti", attempt: "one", token: "a secret" };
  const response = await post("ended", { token: served.workerToken, body: packMessage({ args: [attempt] }) });
  const text = JSON.stringify(await answerOf(response));
  expect(text).toContain("ended: argument 0.attempt");
  expect(text).not.toContain("a secret");
});

test("fields that this version does not know are no mistake", async () => {
  const worker = {
    workerId: "w",
    hostname: "elsewhere",
    pid: 1,
    bootId: "b",
    startTicks: "1",
    executor: "local",
    queues: ["default"],
    slots: 1,
    colour: "blue",
  };
  const response = await post("registerWorker", { token: served.workerToken, body: packMessage({ args: [worker] }) });
  expect(response.status).toBe(200);
});

test("a Spec that cannot be read is refused as the sender's mistake, and nothing of it is kept", async () => {
  const artifact = { id: "odd", codeHash: "c", file: "dags/odd.ts", entry: "index.mjs", parts: [] };
  const whole = someSpec({ dagId: "odd" });
  const report = { kind: "parsed", file: "dags/odd.ts", sourceHash: "h", artifact, source: "", seconds: 0.1 };
  const send = (dagId: string, spec: object) =>
    post("publish", {
      token: served.workerToken,
      body: packMessage({ args: [{ ...report, dags: [{ dagId, spec }] }] }),
    });
  for (const spec of [{}, { ...whole, tasks: null }, { ...whole, format: 99 }, { ...whole, maxActiveRuns: 0 }])
    expect((await send("odd", spec)).status).toBe(422);
  expect((await send("another", whole)).status).toBe(400);
  expect((await send("odd", whole)).status).toBe(200);
});
