import { describe, expect, it } from "vitest";
import { findDataFolder } from "../src/data-set.ts";
import { loadExamples, prepareShard } from "../src/features.ts";
import { loadManifest, publishShard } from "../src/images.ts";
import { encodePng, toFeatures } from "../src/pixels.ts";
import { startLocalStorage } from "./local-storage.ts";

const source = { shard: { split: "held-back", index: 0, chosen: 20, size: 20 }, dataFolder: findDataFolder() } as const;
const quiet = { log: () => undefined };

describe("publishing and preparing a shard", () => {
  it("puts labelled PNGs into the store, and a repetition writes none again", async () => {
    const { storage } = await startLocalStorage();
    const first = await publishShard(storage, source, quiet);
    expect(first).toEqual({
      manifest: "images/held-back-20/00/manifest.json",
      split: "held-back",
      images: 20,
      written: 20,
    });
    const { images } = await loadManifest(storage, first.manifest);
    expect(images[1]?.key).toBe(`images/held-back-20/00/000500-${images[1]?.label}.png`);
    expect((await storage.get(images[0]?.key ?? "")).body.subarray(1, 4).toString()).toBe("PNG");
    expect((await publishShard(storage, source, quiet)).written).toBe(0);
  });

  it("writes an object again that was damaged", async () => {
    const { storage } = await startLocalStorage();
    const { manifest } = await publishShard(storage, source, quiet);
    const key = (await loadManifest(storage, manifest)).images[3]?.key ?? "";
    await storage.put(key, "rubbish", "image/png");
    await expect(prepareShard(storage, manifest, quiet)).rejects.toThrow(
      `${key} changed since its manifest was written`,
    );
    expect((await publishShard(storage, source, quiet)).written).toBe(1);
  });

  it("gives features and labels of the images in the store, once", async () => {
    const { storage } = await startLocalStorage();
    const { manifest } = await publishShard(storage, source, quiet);
    const prepared = await prepareShard(storage, manifest, quiet);
    const examples = await loadExamples(storage, [prepared.key]);
    const { images } = await loadManifest(storage, manifest);
    expect([...examples.labels]).toEqual(images.map((image) => image.label));
    const fifth = await toFeatures((await storage.get(images[4]?.key ?? "")).body);
    expect(examples.features.subarray(4 * 196, 5 * 196)).toEqual(fifth);
    const lines: string[] = [];
    expect(await prepareShard(storage, manifest, { log: (line) => lines.push(line) })).toEqual(prepared);
    expect(lines).toEqual([`${manifest}: 20 images were prepared earlier`]);
  });

  it("gives other features a key of their own when an image changes", async () => {
    const { storage } = await startLocalStorage();
    const { manifest } = await publishShard(storage, source, quiet);
    const before = await prepareShard(storage, manifest, quiet);
    const content = await loadManifest(storage, manifest);
    const [first, ...rest] = content.images;
    const png = await encodePng(new Uint8Array(784));
    const { createHash } = await import("node:crypto");
    const changed = { key: first?.key ?? "", label: 0, md5: createHash("md5").update(png).digest("hex") };
    await storage.put(changed.key, png, "image/png");
    await storage.put(manifest, JSON.stringify({ ...content, images: [changed, ...rest] }), "application/json");
    expect((await prepareShard(storage, manifest, quiet)).key).not.toBe(before.key);
  });

  it("ends when it is aborted", async () => {
    const { storage } = await startLocalStorage();
    const signal = AbortSignal.abort(new Error("cleared"));
    await expect(publishShard(storage, source, { ...quiet, signal })).rejects.toThrow("cleared");
    expect(await storage.etags("images/")).toEqual(new Map());
  });
});
