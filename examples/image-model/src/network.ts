import { featureCount, featureSide } from "./pixels.ts";
import { layers, tf } from "./tensorflow.ts";

export const digits = 10;
export type Network = layers.LayersModel;

/**
 * Convolution 3x3 to 8 channels, halved, convolution 3x3 to 16, dense 48, dense 10: 14,074 weights. The names are
 * fixed, because otherwise TensorFlow.js counts them up within a process, and the same model would give other bytes.
 */
export function createNetwork(seed: number): Network {
  const { conv2d, maxPooling2d, flatten, dense } = layers.layers;
  const he = (part: number) => layers.initializers.heNormal({ seed: seed * 16 + part });
  const convolution = { kernelSize: 3, activation: "relu" } as const;
  return layers.sequential({
    name: "digits",
    layers: [
      conv2d({
        ...convolution,
        name: "conv1",
        filters: 8,
        kernelInitializer: he(1),
        inputShape: [featureSide, featureSide, 1],
      }),
      maxPooling2d({ name: "pool", poolSize: 2 }),
      conv2d({ ...convolution, name: "conv2", filters: 16, kernelInitializer: he(2) }),
      flatten({ name: "flat" }),
      dense({ name: "hidden", units: 48, activation: "relu", kernelInitializer: he(3) }),
      dense({ name: "digit", units: digits, activation: "softmax", kernelInitializer: he(4) }),
    ],
  });
}

/** Probabilities of the ten digits for each row of features: `count * 10` numbers. */
export function predict(network: Network, features: Float32Array): Float32Array {
  const count = features.length / featureCount;
  const probabilities = new Float32Array(count * digits);
  const batch = 250;
  for (let from = 0; from < count; from += batch) {
    const to = Math.min(count, from + batch);
    tf.tidy(() => {
      const rows = features.subarray(from * featureCount, to * featureCount);
      const output = network.predict(tf.tensor4d(rows, [to - from, featureSide, featureSide, 1]));
      if (Array.isArray(output)) throw new Error("the network has one output");
      probabilities.set(output.dataSync(), from * digits);
    });
  }
  return probabilities;
}

/** The likeliest digit of each row of ten probabilities (or scores). */
export function likeliest(rows: Float32Array): Uint8Array {
  return Uint8Array.from({ length: rows.length / digits }, (_, index) => {
    const row = rows.subarray(index * digits, (index + 1) * digits);
    return row.indexOf(row.reduce((best, value) => Math.max(best, value), Number.NEGATIVE_INFINITY));
  });
}

/** The share of right answers, 0 to 1. */
export function accuracy(answers: Uint8Array, labels: Uint8Array): number {
  return answers.filter((digit, index) => digit === labels[index]).length / labels.length;
}
