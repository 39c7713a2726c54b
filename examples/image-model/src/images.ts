import { createHash } from "node:crypto";
import { z } from "zod";
import { mapConcurrently } from "./concurrency.ts";
import { readShard, type Shard } from "./data-set.ts";
import { encodePng, imageSide } from "./pixels.ts";
import type { StepOptions } from "./step.ts";
import type { Storage } from "./storage.ts";

/** What a shard's images are: written after them, so that a manifest never names an image that is not there. */
export const manifestSchema = z.object({
  split: z.enum(["train", "held-back"]),
  images: z.array(z.object({ key: z.string(), label: z.int().min(0).max(9), md5: z.string() })),
});
export type Manifest = z.infer<typeof manifestSchema>;

export interface PublishedShard {
  readonly manifest: string;
  readonly split: Shard["split"];
  readonly images: number;
  /** How many of them had to be written; the others were there with the same content. */
  readonly written: number;
}

/** Puts under way at the same time: two cores are busy with 8, and a store far away wants more. */
const concurrency = 16;

/**
 * Step 1: one shard of labelled images as PNG objects (`images/train-6000/00/000120-7.png`, the label last) and their
 * manifest. Repeating it writes nothing that is there with the same content.
 */
export async function publishShard(
  storage: Storage,
  source: { readonly shard: Shard; readonly dataFolder: string },
  { signal, log }: StepOptions,
): Promise<PublishedShard> {
  const { shard } = source;
  const folder = `images/${shard.split}-${shard.chosen}/${String(shard.index).padStart(2, "0")}/`;
  const { indexes, labels, pixels } = await readShard(source.dataFolder, shard);
  const present = await storage.etags(folder);
  let written = 0;
  const images = await mapConcurrently(indexes, { limit: concurrency, signal }, async (place, at) => {
    const size = imageSide * imageSide;
    const png = await encodePng(pixels.subarray(at * size, (at + 1) * size));
    const label = labels[at] ?? 0;
    const key = `${folder}${String(place).padStart(6, "0")}-${label}.png`;
    const md5 = createHash("md5").update(png).digest("hex");
    if (present.get(key) !== md5) {
      await storage.put(key, png, "image/png");
      written++;
    }
    return { key, label, md5 };
  });
  const manifest = `${folder}manifest.json`;
  await storage.put(manifest, JSON.stringify({ split: shard.split, images } satisfies Manifest), "application/json");
  log(`${folder}: ${images.length} images, ${written} written, ${images.length - written} already there`);
  return { manifest, split: shard.split, images: images.length, written };
}

export async function loadManifest(storage: Storage, key: string): Promise<Manifest> {
  return manifestSchema.parse(JSON.parse((await storage.get(key)).body.toString()));
}
