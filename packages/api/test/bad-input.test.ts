import { once } from "node:events";
import { connect } from "node:net";
import { publish, someSpec } from "@airloom/testkit";
import { expect, test } from "vitest";
import { ownApi } from "./own-api.ts";

const reported: unknown[] = [];
const api = await ownApi({ report: (error) => reported.push(error) });

const problemType = /^application\/problem\+json/;

test("an error outside of Airflow's paths is a problem document by its media type too", async () => {
  const { headers, body } = await api.ask("/api/airloom/explain/nobody");
  expect(headers["content-type"]).toMatch(problemType);
  expect(body).toMatchObject({ status: 404, code: "NOT_FOUND" });
});

test.each([
  ["%zz", 400],
  ["x".repeat(1_200), 414],
])("a path that the router refuses has the shape of any other error: %s", async (segment, status) => {
  const airflow = await api.ask(`/api/v2/pools/${segment}`);
  expect([airflow.status, Object.keys(airflow.body)]).toEqual([expect.any(Number), ["detail"]]);
  expect(airflow.status).toBeGreaterThanOrEqual(400);
  expect(airflow.status).toBeLessThanOrEqual(status);
  const own = await api.ask(`/api/airloom/explain/${segment}`);
  expect(own.headers["content-type"]).toMatch(problemType);
});

test("a body that is nested too deep is refused before anything walks down it", async () => {
  const deep = `{"key":"deep","value":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
  const answer = await send("/api/v2/variables", deep);
  expect(answer.statusCode).toBe(422);
  expect(answer.body).toContain("64 levels");
  const fine = `{"key":"fine","value":${"[".repeat(60)}${"]".repeat(60)}}`;
  expect((await send("/api/v2/variables", fine)).statusCode).toBe(201);
  expect(reported).toEqual([]);
});

test("a body of another media type is refused as that", async () => {
  expect((await send("/api/v2/variables", "<a/>", "application/xml")).statusCode).toBe(415);
});

test("what is no HTTP is answered with a problem document, and too large a head with 431", async () => {
  const { port } = new URL(await api.app.listen({ host: "127.0.0.1", port: 0 }));
  const say = async (text: string): Promise<string> => {
    const socket = connect({ host: "127.0.0.1", port: Number(port) });
    socket.write(text);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    await once(socket, "close");
    return Buffer.concat(chunks).toString();
  };
  const rubbish = await say("rubbish\r\n\r\n");
  expect(rubbish).toMatch(/^HTTP\/1\.1 400 /);
  expect(rubbish).toContain("application/problem+json");
  expect(rubbish).toContain('"code":"BAD_REQUEST"');
  const large = await say(`GET /?${"a".repeat(17_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  expect(large).toMatch(/^HTTP\/1\.1 431 /);
  expect(large).toContain('"code":"HEADERS_TOO_LARGE"');
});

test("who waits for a run and leaves is no fault of the server", async () => {
  await publish(api.store, someSpec({ dagId: "etl" }), { pausedUponCreation: true });
  const runs = "/api/v2/dags/etl/dagRuns";
  await api.ask(runs, { method: "POST", body: { dag_run_id: "awaited", logical_date: null } });
  const address = api.app.server.listening
    ? api.app.listeningOrigin
    : await api.app.listen({ host: "127.0.0.1", port: 0 });
  const leaving = new AbortController();
  const gone = new Promise<void>((resolve) => {
    api.app.server.once("request", (_, response) => response.once("close", resolve));
  });
  const { body } = await fetch(new URL(`${runs}/awaited/wait?interval=60`, address), {
    headers: api.asAdmin(),
    signal: leaving.signal,
  });
  await body?.getReader().read();
  leaving.abort();
  await gone;
  // Its handler ends after the connection does: whatever it does comes before the next request is answered.
  await api.ask("/api/v2/version");
  expect(reported).toEqual([]);
});

async function send(url: string, payload: string, type = "application/json") {
  return api.app.inject({ method: "POST", url, payload, headers: { ...api.asAdmin(), "content-type": type } });
}
