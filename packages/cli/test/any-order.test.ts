import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type OwnAirloom, ownAirloom } from "./own-airloom.ts";

const port = await freePort();
const server = `http://127.0.0.1:${port}`;
let airloom: OwnAirloom;
beforeAll(async () => {
  airloom = await ownAirloom("shop", { AIRLOOM__API__PORT: String(port), AIRLOOM_ADMIN_PASSWORD: "open sesame" });
});
afterAll(() => airloom.close());

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return free;
}

const times = (text: string, words: string): number => text.split(words).length - 1;

it("a worker and a dag-processor that are there before their API server wait for it, say so once, and go on", async () => {
  const worker = await airloom.start(["worker"], "Waiting for the API server of this home");
  const processor = await airloom.start(
    ["dag-processor", "--server", server],
    `Waiting for the API server at ${server}`,
  );
  const api = await airloom.start(["api-server"], "Airloom's API is ready");
  await Promise.all([worker.until("The worker is ready"), processor.until("The dag-processor is ready")]);
  await processor.until("published orders");
  for (const { output } of [worker, processor]) expect(times(output(), "Waiting for")).toBe(1);
  const stranger = await ownAirloom("shop");
  const refused = await stranger.run(["worker", "--server", server]);
  await stranger.close();
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.err).toContain(`The API server at ${server} refuses the token of this process.`);
  expect(await Promise.all([worker.stop(), processor.stop()])).toEqual([0, 0]);
  expect(await api.stop()).toBe(0);
});

it("one that still waits ends at once when it is told to", async () => {
  const worker = await airloom.start(["worker", "--server", server], "Waiting for the API server");
  expect(await worker.stop()).toBe(0);
});

it("a server of another version, and one that is none of ours, end it with words that say so", async () => {
  const answers = [JSON.stringify({ version: "7.0.0" }), "<html>welcome</html>"];
  const other = createServer((_, response) => void response.end(answers.shift())).listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const address = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const outdated = await airloom.run(["worker", "--server", address]);
  const lost = await airloom.run(["dag-processor", "--server", address]);
  await new Promise((resolve) => other.close(resolve));
  expect(outdated).toMatchObject({ code: 1, err: expect.stringMatching(/has version 7\.0\.0; this process has 0\./) });
  expect(lost).toMatchObject({ code: 1, err: expect.stringContaining("no Airloom API server") });
});
