import { describe, expect, it } from "vitest";
import { createRandom } from "./random.ts";
import { tf } from "./tensorflow.ts";

/** A convolution is linear in its filter, so that its gradient follows from convolving with each unit filter. */
function gradientByUnitFilters(x: tf.Tensor4D, dy: tf.Tensor4D, { shape, strides, pad }: Convolution): number[] {
  const size = shape.reduce((product, side) => product * side, 1);
  return Array.from({ length: size }, (_, at) => {
    const unit = tf.tensor4d(
      Float32Array.from({ length: size }, (_, index) => Number(index === at)),
      shape,
    );
    return tf.sum(tf.mul(tf.conv2d(x, unit, strides, pad), dy)).dataSync()[0] ?? Number.NaN;
  });
}

interface Convolution {
  readonly shape: [number, number, number, number];
  readonly strides: number;
  readonly pad: "same" | "valid";
}

describe("the gradient of a convolution's filter", () => {
  const cases: Convolution[] = [
    { shape: [3, 3, 2, 4], strides: 1, pad: "valid" },
    { shape: [3, 3, 2, 4], strides: 1, pad: "same" },
    { shape: [2, 3, 2, 1], strides: 2, pad: "same" },
  ];
  it.each(cases)("is what the convolution itself says ($shape, strides $strides, $pad)", (convolution) => {
    const random = createRandom(5);
    const noise = (shape: [number, number, number, number]) =>
      tf.tensor4d(
        Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random() - 0.5),
        shape,
      );
    const x = noise([2, 6, 5, convolution.shape[2]]);
    const filter = noise(convolution.shape);
    const { strides, pad } = convolution;
    const dy = noise(tf.conv2d(x, filter, strides, pad).shape);
    const gradient = tf.grad((w) => tf.sum(tf.mul(tf.conv2d(x, w as tf.Tensor4D, strides, pad), dy)))(filter);
    const expected = gradientByUnitFilters(x, dy, convolution);
    expect(gradient.shape).toEqual(convolution.shape);
    for (const [at, value] of gradient.dataSync().entries()) expect(value).toBeCloseTo(expected[at] ?? Number.NaN, 4);
  });
});
