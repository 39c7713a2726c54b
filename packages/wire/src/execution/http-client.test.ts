import { AirloomError } from "@airloom/core";
import { expect, test, vi } from "vitest";
import { messageMediaType, packMessage, unpackMessage } from "../codec/message.ts";
import { createHttpExecution } from "./http-client.ts";
import type { ExecutionAnswer } from "./http-route.ts";

const attempt = { taskInstanceId: "ti", attempt: 2, token: "secret" };

interface Seen {
  url: string;
  init: RequestInit;
  call: unknown;
}

/** A server's end of the wire: sees the request as bytes and answers with bytes. */
function answering(answer: (seen: Seen) => Response | Promise<Response>) {
  const seen: Seen[] = [];
  const fetch = (async (url: URL, init: RequestInit) => {
    const request = { url: String(url), init, call: unpackMessage(init.body as Uint8Array) };
    seen.push(request);
    return answer(request);
  }) as unknown as typeof globalThis.fetch;
  const contract = createHttpExecution({ baseUrl: "http://api.test:8080", token: () => "worker-token", fetch });
  return { contract, seen };
}

const message = (answer: ExecutionAnswer, status = 200): Response =>
  new Response(packMessage(answer) as Uint8Array<ArrayBuffer>, { status });

test("a call goes to its own path with the token and its arguments, bytes included", async () => {
  const { contract, seen } = answering(() => message({ result: null }));
  await contract.pushXCom(attempt, "key", new Uint8Array([1, 0, 255]));
  expect(seen[0]?.url).toBe("http://api.test:8080/execution/v1/pushXCom");
  expect(seen[0]?.init.headers).toEqual({ authorization: "Bearer worker-token", "content-type": messageMediaType });
  expect(seen[0]?.call).toEqual({ args: [attempt, "key", new Uint8Array([1, 0, 255])] });
});

test("bytes come back as bytes, and nothing as null", async () => {
  const { contract } = answering(({ url }) =>
    message({ result: url.endsWith("getPart") ? new Uint8Array([7]) : null }),
  );
  expect(await contract.getPart("hash")).toEqual(new Uint8Array([7]));
  expect(await contract.getVariable(attempt, "missing")).toBeNull();
});

test("a refusal keeps its code and data", async () => {
  const data = { taskInstanceId: "ti", attempt: 2, reason: "it was cleared" };
  const { contract } = answering(() => message({ error: { code: "ATTEMPT_FENCED", data } }, 409));
  const refusal = contract.ended(attempt);
  await expect(refusal).rejects.toMatchObject({ code: "ATTEMPT_FENCED", status: 409, data });
  await expect(refusal).rejects.toBeInstanceOf(AirloomError);
});

test.each([
  ["a proxy's page", () => new Response("<html>Bad gateway</html>", { status: 502 })],
  ["an answer that was cut", () => new Response(packMessage({ result: 1 }).slice(0, 9) as Uint8Array<ArrayBuffer>)],
  ["a lost connection", () => Promise.reject(new TypeError("fetch failed", { cause: new Error("ECONNRESET") }))],
  ["a server error of a newer version", () => message({ error: { code: "FROM_THE_FUTURE", data: {} } }, 503)],
])("%s counts as no answer: the call may be repeated", async (_, answer) => {
  const { contract } = answering(answer);
  await expect(contract.ended(attempt)).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("a refusal of a newer version stays a refusal", async () => {
  const { contract } = answering(() => message({ error: { code: "FROM_THE_FUTURE", data: {} } }, 422));
  await expect(contract.ended(attempt)).rejects.toMatchObject({ code: "BAD_REQUEST" });
});

test("whoever stops waiting for work ends the request", async () => {
  const { contract } = answering(
    ({ init }) =>
      new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error))),
  );
  const stop = new AbortController();
  const request = { workerId: "w", executor: "local", queues: [], tokenHashes: [], warmArtifacts: [], waitMs: 60_000 };
  const claim = contract.claim(request, stop.signal);
  stop.abort();
  await expect(claim).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("a small call waits ten seconds for its answer, a large one as long as a slow line needs, an artifact a minute", async () => {
  const waits = vi.spyOn(AbortSignal, "timeout");
  const { contract } = answering(() => message({ result: null }));
  await contract.heartbeat({ workerId: "w", attempts: [] });
  await contract.pushXCom(attempt, "key", new Uint8Array(10_000_000));
  await contract.getPart("hash");
  const [small = 0, large = 0, artifact = 0] = waits.mock.calls.map(([ms]) => ms);
  waits.mockRestore();
  expect(Math.round(small / 100)).toBe(100);
  expect(Math.round(large / 1_000)).toBe(110);
  expect(Math.round(artifact / 100)).toBe(600);
});
