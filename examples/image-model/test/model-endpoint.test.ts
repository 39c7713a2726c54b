import { describe, expect, it, onTestFinished } from "vitest";
import { startModelEndpoint } from "../services/model-endpoint.ts";
import { findDataFolder } from "../src/data-set.ts";
import { deploy, rollback } from "../src/deployment.ts";
import type { Evaluation } from "../src/evaluation.ts";
import { publishShard } from "../src/images.ts";
import { putModelFiles, toModelFiles } from "../src/model-files.ts";
import { uploadModel } from "../src/models.ts";
import { createNetwork } from "../src/network.ts";
import { encodePng } from "../src/pixels.ts";
import { smokeTest } from "../src/smoke.ts";
import type { Storage } from "../src/storage.ts";
import { type LocalStorage, startLocalStorage } from "./local-storage.ts";

const evaluation: Evaluation = { images: 10, accuracy: 0.96, baseline: 0.9, perDigit: [], deployed: null };
const rules = { minAccuracy: 0.5, minMargin: 0, tolerance: 1 };

/** Uploads and deploys an untrained network: each seed is another model. */
async function deployNetwork(storage: Storage, seed: number): Promise<string> {
  const network = createNetwork(seed);
  await putModelFiles(storage, "candidate", await toModelFiles(network));
  network.dispose();
  const version = await uploadModel(storage, "candidate", evaluation);
  await deploy(storage, { version, evaluation, rules }, { change: `seed ${seed}`, now: new Date(0) });
  return version;
}

async function startEndpoint({ settings }: LocalStorage): Promise<{ url: string; lines: string[] }> {
  const lines: string[] = [];
  const endpoint = await startModelEndpoint({ port: 0, storage: settings, log: (line) => lines.push(line) });
  onTestFinished(endpoint.stop);
  return { url: endpoint.url, lines };
}

async function post(url: string, type: string, body: string | Buffer): Promise<{ status: number; body: unknown }> {
  const sent = typeof body === "string" ? body : Uint8Array.from(body);
  const response = await fetch(`${url}/predict`, { method: "POST", headers: { "content-type": type }, body: sent });
  return { status: response.status, body: await response.json() };
}

const pixels = Array.from({ length: 784 }, (_, index) => (index % 28 > 12 && index % 28 < 16 ? 255 : 0));

describe("the model endpoint", () => {
  it("says that there is no model, until one is deployed", async () => {
    const local = await startLocalStorage();
    const { url } = await startEndpoint(local);
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "no model", version: null, storage: "ok" });
    expect((await post(url, "application/json", JSON.stringify({ pixels }))).status).toBe(503);
    const version = await deployNetwork(local.storage, 1);
    expect(await (await fetch(`${url}/model`)).json()).toMatchObject({
      version,
      accuracy: 0.96,
      metrics: { images: 10 },
    });
  });

  it("answers pixels and PNG alike, and follows the pointer at the next request", async () => {
    const local = await startLocalStorage();
    const { url } = await startEndpoint(local);
    const first = await deployNetwork(local.storage, 1);
    const byPixels = await post(url, "application/json", JSON.stringify({ pixels }));
    expect(byPixels).toMatchObject({ status: 200, body: { version: first } });
    expect(await post(url, "image/png", await encodePng(Uint8Array.from(pixels)))).toEqual(byPixels);

    const second = await deployNetwork(local.storage, 2);
    expect((await post(url, "application/json", JSON.stringify({ pixels }))).body).toMatchObject({ version: second });
    await rollback(local.storage, { change: "back", now: new Date(0) });
    expect(await post(url, "application/json", JSON.stringify({ pixels }))).toEqual(byPixels);
  });

  it("refuses what is no image, and lives on", async () => {
    const local = await startLocalStorage();
    const { url, lines } = await startEndpoint(local);
    await deployNetwork(local.storage, 1);
    const status = async (type: string, body: string | Buffer) => (await post(url, type, body)).status;
    expect(await status("image/png", "no image")).toBe(400);
    expect(await status("application/json", '{"pixels": [1, 2]}')).toBe(400);
    expect(await status("application/json", "{")).toBe(400);
    expect(await status("text/plain", "5")).toBe(415);
    expect(await status("image/png", Buffer.alloc(1_048_577))).toBe(413);
    expect((await fetch(`${url}/predict`)).status).toBe(405);
    expect((await fetch(`${url}/secrets`)).status).toBe(404);
    expect(await status("application/json", JSON.stringify({ pixels }))).toBe(200);
    expect(lines).toEqual([]);
  });

  it("goes on serving from memory when the storage is gone", async () => {
    const local = await startLocalStorage();
    const { url, lines } = await startEndpoint(local);
    const version = await deployNetwork(local.storage, 1);
    await fetch(`${url}/health`);
    await local.stop();
    expect(await post(url, "application/json", JSON.stringify({ pixels }))).toMatchObject({
      status: 200,
      body: { version },
    });
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok", version, storage: "unreachable" });
    expect(lines).toEqual([expect.stringContaining(`cannot be read, serving ${version}`)]);
  });

  it("fails the smoke test with a model that learned nothing", async () => {
    const local = await startLocalStorage();
    const { url } = await startEndpoint(local);
    const source = {
      shard: { split: "held-back", index: 0, chosen: 30, size: 30 },
      dataFolder: findDataFolder(),
    } as const;
    const { manifest } = await publishShard(local.storage, source, { log: () => undefined });
    const version = await deployNetwork(local.storage, 1);
    const test = { endpoint: url, version, manifests: [manifest], images: 10, minCorrect: 0.9 };
    await expect(smokeTest(local.storage, test, { log: () => undefined })).rejects.toThrow(
      /only \d of 10 answers were right/,
    );
    expect(await smokeTest(local.storage, { ...test, minCorrect: 0 }, { log: () => undefined })).toBeLessThan(0.9);
  });
});
