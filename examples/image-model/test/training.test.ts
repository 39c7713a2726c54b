import { describe, expect, it } from "vitest";
import { findDataFolder, readShard } from "../src/data-set.ts";
import { evaluate } from "../src/evaluate.ts";
import { encodeExamples } from "../src/features.ts";
import { fromModelFiles, getModelFiles, versionOf } from "../src/model-files.ts";
import { predict } from "../src/network.ts";
import { encodePng, toFeatures } from "../src/pixels.ts";
import type { Storage } from "../src/storage.ts";
import { train } from "../src/train.ts";
import { startLocalStorage } from "./local-storage.ts";

const settings = { epochs: 3, batchSize: 16, learningRate: 0.005, seed: 3 };
const quiet = { log: () => undefined };

/** Features of some real digits, straight into the store. */
async function putDigits(storage: Storage, key: string, split: "train" | "held-back"): Promise<void> {
  const { labels, pixels } = await readShard(findDataFolder(), { split, index: 0, chosen: 96, size: 96 });
  const rows = Array.from(labels, async (_, at) =>
    toFeatures(await encodePng(pixels.subarray(at * 784, (at + 1) * 784))),
  );
  await storage.put(key, encodeExamples(await Promise.all(rows), [...labels]), "application/octet-stream");
}

async function versionAt(storage: Storage, folder: string): Promise<string> {
  return versionOf(await getModelFiles(storage, folder));
}

// Training is work: on a busy machine it takes longer than the usual 5 s.
describe("training", { timeout: 30_000 }, () => {
  it("that was interrupted goes on from its checkpoint and ends with the very same model", async () => {
    const { storage } = await startLocalStorage();
    await putDigits(storage, "train.bin", "train");
    const straight = await train(storage, { features: ["train.bin"], settings, folder: "a" }, quiet);
    expect(straight).toMatchObject({ candidate: "a/model", epochs: 3, resumedFrom: 0 });

    const abort = new AbortController();
    const lines: string[] = [];
    const log = (line: string) => {
      lines.push(line);
      if (line.startsWith("epoch 2")) abort.abort(new Error("killed"));
    };
    const interrupted = { features: ["train.bin"], settings, folder: "b" };
    await expect(train(storage, interrupted, { log, signal: abort.signal })).rejects.toThrow("killed");
    expect(await storage.exists("b/model/model.json")).toBe(false);

    const resumed = await train(storage, interrupted, { log: (line) => lines.push(line) });
    expect(resumed.resumedFrom).toBe(2);
    expect(lines).toContain("resumed from epoch 2 of 3");
    expect(resumed.loss).toBe(straight.loss);
    expect(await versionAt(storage, "b/model")).toBe(await versionAt(storage, "a/model"));
  });

  it("learns, and its model survives the store", async () => {
    const { storage } = await startLocalStorage();
    await putDigits(storage, "train.bin", "train");
    await putDigits(storage, "held-back.bin", "held-back");
    const { candidate } = await train(
      storage,
      { features: ["train.bin"], settings: { ...settings, epochs: 8, batchSize: 8 }, folder: "a" },
      quiet,
    );
    const given = { candidate, train: ["train.bin"], heldBack: ["held-back.bin"] };
    const lines: string[] = [];
    const evaluation = await evaluate(storage, given, { log: (line) => lines.push(line) });
    // 96 images teach little, but far more than guessing (10 %).
    expect(evaluation.accuracy).toBeGreaterThan(0.5);
    expect(evaluation.baseline).toBeGreaterThan(0.5);
    expect(evaluation).toMatchObject({ images: 96, deployed: null });
    expect(lines[0]).toMatch(/on 96 held-back images: network \d+\.\d\d %, linear baseline \d+\.\d\d %/);

    const network = await fromModelFiles(await getModelFiles(storage, candidate));
    const sum = predict(network, new Float32Array(196)).reduce((total, share) => total + share, 0);
    expect(sum).toBeCloseTo(1, 5);
  });

  it("does not go on from the checkpoint of other settings", async () => {
    const { storage } = await startLocalStorage();
    await putDigits(storage, "train.bin", "train");
    const one = { ...settings, epochs: 1 };
    await train(storage, { features: ["train.bin"], settings: one, folder: "a" }, quiet);
    const other = await train(storage, { features: ["train.bin"], settings: { ...one, seed: 4 }, folder: "a" }, quiet);
    expect(other.resumedFrom).toBe(0);
  });
});
