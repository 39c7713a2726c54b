import { setImmediate } from "node:timers/promises";
import type { TrainingState } from "./checkpoint.ts";
import type { Examples } from "./features.ts";
import { digits, type Network } from "./network.ts";
import { background, featureCount, featureSide } from "./pixels.ts";
import { createRandom, shuffledIndexes } from "./random.ts";
import { tf } from "./tensorflow.ts";

export interface EpochSettings {
  readonly epochs: number;
  readonly batchSize: number;
  /** Of the first epoch; it falls to almost nothing along half a cosine. */
  readonly learningRate: number;
  readonly seed: number;
}

/** The state before the first epoch. */
export function initialState(network: Network): TrainingState {
  return { epoch: 0, losses: [], steps: 0, weights: readWeights(network), moments: [] };
}

export function restoreWeights(network: Network, weights: readonly Float32Array[]): void {
  const tensors = network.getWeights().map((tensor, index) => tf.tensor(valuesAt(weights, index), tensor.shape));
  network.setWeights(tensors);
  tf.dispose(tensors);
}

/**
 * One epoch as a function of the state before it. Order and shifts of the images come from seed and epoch, and the
 * optimizer is built anew from the state, so that it makes no difference whether the epochs before ran in this process.
 */
export async function runEpoch(
  network: Network,
  examples: Examples,
  { state, settings, signal }: { state: TrainingState; settings: EpochSettings; signal?: AbortSignal | undefined },
): Promise<TrainingState> {
  restoreWeights(network, state.weights);
  const optimizer = await restoreOptimizer(network, state, settings);
  network.compile({ optimizer, loss: "categoricalCrossentropy" });
  const random = createRandom(settings.seed * 1_000 + state.epoch);
  const order = shuffledIndexes(examples.count, random);
  let loss = 0;
  for (let from = 0; from < order.length; from += settings.batchSize) {
    signal?.throwIfAborted();
    const batch = order.subarray(from, from + settings.batchSize);
    loss += (await trainBatch(network, shiftedBatch(examples, batch, random))) * batch.length;
    // Lets the process hear an abort and send its log; training itself never waits for anything.
    await setImmediate();
  }
  const [iterations, ...moments] = await optimizer.getWeights();
  const next = {
    epoch: state.epoch + 1,
    losses: [...state.losses, loss / order.length],
    steps: iterations?.tensor.dataSync()[0] ?? 0,
    weights: readWeights(network),
    moments: moments.map(({ tensor }) => Float32Array.from(tensor.dataSync())),
  };
  optimizer.dispose();
  iterations?.tensor.dispose();
  return next;
}

async function restoreOptimizer(
  network: Network,
  state: TrainingState,
  settings: EpochSettings,
): Promise<tf.Optimizer> {
  const progress = state.epoch / settings.epochs;
  const optimizer = tf.train.adam(settings.learningRate * 0.5 * (1 + Math.cos(Math.PI * progress)));
  if (state.moments.length === 0) return optimizer;
  const shapes = network.getWeights().map((tensor) => tensor.shape);
  const moments = state.moments.map((values, index) => tf.tensor(values, shapes[index % shapes.length]));
  const named = [tf.scalar(state.steps, "int32"), ...moments].map((tensor, index) => ({ name: `${index}`, tensor }));
  await optimizer.setWeights(named);
  tf.dispose(named.map(({ tensor }) => tensor));
  return optimizer;
}

interface Batch {
  readonly size: number;
  readonly features: Float32Array;
  readonly answers: Float32Array;
}

async function trainBatch(network: Network, { size, features, answers }: Batch): Promise<number> {
  const x = tf.tensor4d(features, [size, featureSide, featureSide, 1]);
  const y = tf.tensor2d(answers, [size, digits]);
  const loss = await network.trainOnBatch(x, y);
  tf.dispose([x, y]);
  if (typeof loss !== "number" || !Number.isFinite(loss))
    throw new Error(`training diverged (loss ${String(loss)}); lower the learning rate`);
  return loss;
}

/** The images of a batch, each moved by up to one pixel in both directions: more variety than 6,000 images have. */
function shiftedBatch({ features, labels }: Examples, batch: Int32Array, random: () => number): Batch {
  const shifted = new Float32Array(batch.length * featureCount).fill(background);
  const answers = new Float32Array(batch.length * digits);
  for (const [at, index] of batch.entries()) {
    const right = Math.floor(random() * 3) - 1;
    const down = Math.floor(random() * 3) - 1;
    for (let row = Math.max(0, down); row < featureSide + Math.min(0, down); row++) {
      const from = index * featureCount + (row - down) * featureSide;
      const line = features.subarray(from + Math.max(0, -right), from + featureSide - Math.max(0, right));
      shifted.set(line, at * featureCount + row * featureSide + Math.max(0, right));
    }
    answers[at * digits + (labels[index] ?? 0)] = 1;
  }
  return { size: batch.length, features: shifted, answers };
}

const readWeights = (network: Network): Float32Array[] =>
  network.getWeights().map((tensor) => Float32Array.from(tensor.dataSync()));

function valuesAt(weights: readonly Float32Array[], index: number): Float32Array {
  const values = weights[index];
  if (values === undefined) throw new Error(`the state has weights for ${weights.length} arrays, the network has more`);
  return values;
}
