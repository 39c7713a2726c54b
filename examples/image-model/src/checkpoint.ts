import { z } from "zod";
import { decodeBinaryFile, encodeBinaryFile } from "./binary-file.ts";

/** Everything that the next epoch depends on, so that training goes on from it as if it had never stopped. */
export interface TrainingState {
  /** Epochs done. */
  readonly epoch: number;
  /** Mean loss of each epoch done. */
  readonly losses: readonly number[];
  /** Steps of the optimizer. */
  readonly steps: number;
  readonly weights: readonly Float32Array[];
  /** Adam's first moments of all weights, then its second ones; empty before the first epoch. */
  readonly moments: readonly Float32Array[];
}

const headerSchema = z.object({
  /** What the training was set to; a checkpoint of another setting or other data is not a beginning of this one. */
  fingerprint: z.string(),
  epoch: z.int().nonnegative(),
  losses: z.array(z.number()),
  steps: z.int().nonnegative(),
  weightCount: z.int().nonnegative(),
});

export function encodeCheckpoint(fingerprint: string, state: TrainingState): Buffer {
  const { epoch, losses, steps, weights, moments } = state;
  const header = { fingerprint, epoch, losses, steps, weightCount: weights.length };
  return encodeBinaryFile({ header, floats: [...weights, ...moments], bytes: [] });
}

/** The state, or undefined when the checkpoint belongs to another training. */
export function decodeCheckpoint(file: Uint8Array, fingerprint: string): TrainingState | undefined {
  const { header, floats } = decodeBinaryFile(file, (value) => headerSchema.parse(value));
  if (header.fingerprint !== fingerprint) return undefined;
  const { epoch, losses, steps, weightCount } = header;
  return { epoch, losses, steps, weights: floats.slice(0, weightCount), moments: floats.slice(weightCount) };
}
