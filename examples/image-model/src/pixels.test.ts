import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { background, encodePng, featureCount, featureSide, imageSide, toFeatures } from "./pixels.ts";

const gradient = Uint8Array.from({ length: imageSide * imageSide }, (_, index) => (index * 7) % 256);

describe("images", () => {
  it("come out of a PNG as they went in, and the same pixels give the same bytes", async () => {
    const png = await encodePng(gradient);
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.format]).toEqual([imageSide, imageSide, "raw"]);
    expect(data.filter((_, index) => index % info.channels === 0)).toEqual(Buffer.from(gradient));
    expect(await encodePng(gradient)).toEqual(png);
  });

  it("keep their place when they are shrunk", async () => {
    const pixels = new Uint8Array(imageSide * imageSide);
    for (let row = 0; row < 14; row++) pixels.fill(255, row * imageSide, row * imageSide + 14);
    const features = await toFeatures(await encodePng(pixels));
    expect(features).toHaveLength(featureCount);
    // A white top left quarter: bright in its middle, background in the opposite corner.
    expect(features[3 * featureSide + 3]).toBeGreaterThan(2.5);
    expect(features[10 * featureSide + 10]).toBeCloseTo(background, 5);
  });

  it("of any size and colours become the same kind of input", async () => {
    const photo = sharp({
      create: { width: 300, height: 200, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } },
    });
    const features = await toFeatures(await photo.png().toBuffer());
    expect(features).toHaveLength(featureCount);
    expect(features.every(Number.isFinite)).toBe(true);
  });

  it("that are none are refused", async () => {
    await expect(toFeatures(Buffer.from("not an image"))).rejects.toThrow("unsupported image format");
  });
});
