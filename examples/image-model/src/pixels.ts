import sharp from "sharp";

/** Side of an image in the data set, in pixels. */
export const imageSide = 28;
/** Side of what the network sees: a quarter of the pixels trains in a quarter of the time, and digits survive it. */
export const featureSide = 14;
export const featureCount = featureSide * featureSide;

/** Mean and standard deviation of MNIST's training pixels (scaled to 0..1), as commonly used with this data set. */
const mean = 0.1307;
const deviation = 0.3081;

/** The feature value of an empty (black) pixel. */
export const background = (0 - mean) / deviation;

/** An image of larger sides is refused before it is decoded: a small PNG can unfold into gigabytes. */
const maxPixels = 4_096 * 4_096;

/** 28 x 28 grey bytes as PNG. The same pixels always give the same bytes, which makes the publishing step repeatable. */
export function encodePng(pixels: Uint8Array): Promise<Buffer> {
  const raw = { width: imageSide, height: imageSide, channels: 1 } as const;
  return sharp(pixels, { raw }).png().toBuffer();
}

/**
 * An image file (PNG and what else sharp reads) of any size as the network's input: grey, shrunk to 14 x 14, scaled.
 * Used for training and for prediction alike, so that both see the same. Digits are light on dark.
 */
export async function toFeatures(file: Uint8Array): Promise<Float32Array> {
  const image = sharp(file, { limitInputPixels: maxPixels }).flatten({ background: "black" }).toColourspace("b-w");
  const grey = await image.resize(featureSide, featureSide, { fit: "contain", background: "black" }).raw().toBuffer();
  if (grey.length !== featureCount) throw new Error(`expected ${featureCount} grey pixels, got ${grey.length} bytes`);
  return Float32Array.from(grey, (value) => (value / 255 - mean) / deviation);
}
