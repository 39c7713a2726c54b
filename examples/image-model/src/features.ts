import { createHash } from "node:crypto";
import { z } from "zod";
import { decodeBinaryFile, encodeBinaryFile } from "./binary-file.ts";
import { mapConcurrently } from "./concurrency.ts";
import type { Split } from "./data-set.ts";
import { loadManifest } from "./images.ts";
import { featureCount, featureSide, toFeatures } from "./pixels.ts";
import type { StepOptions } from "./step.ts";
import type { Storage } from "./storage.ts";

/** Inputs and answers: `featureCount` floats and one label for each image. */
export interface Examples {
  readonly count: number;
  readonly features: Float32Array;
  readonly labels: Uint8Array;
}

export interface PreparedShard {
  readonly key: string;
  readonly split: Split;
  readonly images: number;
}

/** Named in the key: another way to prepare images gives other objects, never mixed ones. Raise it with `toFeatures`. */
const recipe = `${featureSide}x${featureSide}-v1`;
const concurrency = 16;
const headerSchema = z.object({ recipe: z.literal(recipe), count: z.int().nonnegative() });

/**
 * Step 2: fetches a shard's images, checks them against the manifest, decodes and shrinks them with sharp, and writes
 * one object of features under a key made from the manifest's content. If it is there, nothing is done.
 */
export async function prepareShard(
  storage: Storage,
  manifestKey: string,
  { signal, log }: StepOptions,
): Promise<PreparedShard> {
  const manifest = await loadManifest(storage, manifestKey);
  const { split, images } = manifest;
  const hash = createHash("sha256").update(JSON.stringify(manifest)).digest("hex");
  const key = `features/${recipe}/${hash}.bin`;
  if (await storage.exists(key)) {
    log(`${manifestKey}: ${images.length} images were prepared earlier`);
    return { key, split, images: images.length };
  }
  const rows = await mapConcurrently(images, { limit: concurrency, signal }, async (image) => {
    const { body } = await storage.get(image.key);
    const md5 = createHash("md5").update(body).digest("hex");
    if (md5 !== image.md5) throw new Error(`${image.key} changed since its manifest was written; publish it again`);
    return toFeatures(body);
  });
  await storage.put(
    key,
    encodeExamples(
      rows,
      images.map((image) => image.label),
    ),
    "application/octet-stream",
  );
  log(`${manifestKey}: ${images.length} images fetched, decoded and shrunk to ${featureSide} x ${featureSide}`);
  return { key, split, images: images.length };
}

export function encodeExamples(rows: readonly Float32Array[], labels: readonly number[]): Buffer {
  const features = new Float32Array(rows.length * featureCount);
  for (const [index, row] of rows.entries()) features.set(row, index * featureCount);
  const header = { recipe, count: rows.length };
  return encodeBinaryFile({ header, floats: [features], bytes: [Uint8Array.from(labels)] });
}

function decodeExamples(file: Uint8Array): Examples {
  const { header, floats, bytes } = decodeBinaryFile(file, (value) => headerSchema.parse(value));
  const [features, labels] = [floats[0], bytes[0]];
  if (features?.length !== header.count * featureCount || labels?.length !== header.count) {
    throw new Error("the features do not fit their number of images");
  }
  return { count: header.count, features, labels };
}

/** All examples of some shards, in the order of the keys. */
export async function loadExamples(storage: Storage, keys: readonly string[]): Promise<Examples> {
  const shards = await mapConcurrently(keys, { limit: 4 }, async (key) =>
    decodeExamples((await storage.get(key)).body),
  );
  const count = shards.reduce((total, shard) => total + shard.count, 0);
  const features = new Float32Array(count * featureCount);
  const labels = new Uint8Array(count);
  let at = 0;
  for (const shard of shards) {
    features.set(shard.features, at * featureCount);
    labels.set(shard.labels, at);
    at += shard.count;
  }
  return { count, features, labels };
}
