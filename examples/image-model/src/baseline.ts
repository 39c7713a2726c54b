import type { Examples } from "./features.ts";
import { digits } from "./network.ts";
import { featureCount } from "./pixels.ts";
import { createRandom, shuffledIndexes } from "./random.ts";

/** A linear model: one weight per pixel and digit, one bias per digit (the last row). */
export type Linear = Float32Array;

/** Settings that came out best of those tried for the baseline: it should be as good as a linear model gets. */
const settings = { epochs: 40, batchSize: 32, learningRate: 0.05, decay: 1e-4, seed: 1 };

/** Softmax regression by stochastic gradient descent: what a network has to beat to be worth its name. */
export function fitLinear(examples: Examples): Linear {
  const weights = new Float32Array((featureCount + 1) * digits);
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const order = shuffledIndexes(examples.count, createRandom(settings.seed + epoch));
    const rate = settings.learningRate * (1 - epoch / settings.epochs);
    for (let from = 0; from < order.length; from += settings.batchSize) {
      step(weights, examples, { batch: order.subarray(from, from + settings.batchSize), rate });
    }
  }
  return weights;
}

/** Scores of the ten digits for each row of features. */
export function scoreLinear(weights: Linear, features: Float32Array): Float32Array {
  const count = features.length / featureCount;
  const scores = new Float32Array(count * digits);
  for (let index = 0; index < count; index++) {
    scores.set(scoresOf(weights, features.subarray(index * featureCount, (index + 1) * featureCount)), index * digits);
  }
  return scores;
}

function scoresOf(weights: Linear, row: Float32Array): Float64Array {
  const scores = Float64Array.from(weights.subarray(featureCount * digits));
  for (let pixel = 0; pixel < featureCount; pixel++) {
    const value = row[pixel] as number;
    for (let digit = 0; digit < digits; digit++) {
      scores[digit] = (scores[digit] as number) + value * (weights[pixel * digits + digit] as number);
    }
  }
  return scores;
}

function step(weights: Linear, examples: Examples, { batch, rate }: { batch: Int32Array; rate: number }): void {
  const gradient = new Float64Array(weights.length);
  for (const index of batch) {
    const row = examples.features.subarray(index * featureCount, (index + 1) * featureCount);
    const errors = softmax(scoresOf(weights, row));
    const label = examples.labels[index] as number;
    errors[label] = (errors[label] as number) - 1;
    for (let pixel = 0; pixel <= featureCount; pixel++) {
      const value = pixel === featureCount ? 1 : (row[pixel] as number);
      for (let digit = 0; digit < digits; digit++) {
        const at = pixel * digits + digit;
        gradient[at] = (gradient[at] as number) + value * (errors[digit] as number);
      }
    }
  }
  for (let at = 0; at < weights.length; at++) {
    const weight = weights[at] as number;
    weights[at] = weight - rate * ((gradient[at] as number) / batch.length + settings.decay * weight);
  }
}

function softmax(scores: Float64Array): Float64Array {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
