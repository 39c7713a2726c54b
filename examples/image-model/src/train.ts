import { createHash } from "node:crypto";
import { decodeCheckpoint, encodeCheckpoint, type TrainingState } from "./checkpoint.ts";
import { type EpochSettings, initialState, restoreWeights, runEpoch } from "./epoch.ts";
import { loadExamples } from "./features.ts";
import { putModelFiles, toModelFiles } from "./model-files.ts";
import { createNetwork } from "./network.ts";
import type { StepOptions } from "./step.ts";
import type { Storage } from "./storage.ts";

export interface Training {
  /** Keys of prepared shards. */
  readonly features: readonly string[];
  readonly settings: EpochSettings;
  /** Where the checkpoint and the trained model go: one folder for all attempts of a run, none shared between runs. */
  readonly folder: string;
}

export interface Trained {
  /** Folder of the model's files. */
  readonly candidate: string;
  readonly epochs: number;
  /** Mean loss of the last epoch. */
  readonly loss: number;
  /** Epochs that an earlier attempt had done. */
  readonly resumedFrom: number;
}

/**
 * Step 3: trains the network. After each epoch the whole state goes to `<folder>/checkpoint.bin` in one put; an attempt
 * that finds it goes on from there, and ends with the same weights, bit for bit, as one that was never interrupted.
 */
export async function train(storage: Storage, training: Training, { signal, log }: StepOptions): Promise<Trained> {
  const { features, settings, folder } = training;
  const fingerprint = createHash("sha256")
    .update(JSON.stringify({ features, settings, network: 1 }))
    .digest("hex");
  const examples = await loadExamples(storage, features);
  const network = createNetwork(settings.seed);
  const checkpoint = `${folder}/checkpoint.bin`;
  let state = (await loadCheckpoint(storage, checkpoint, fingerprint)) ?? initialState(network);
  const resumedFrom = state.epoch;
  if (resumedFrom > 0) log(`resumed from epoch ${resumedFrom} of ${settings.epochs}`);
  else log(`training ${network.countParams()} weights on ${examples.count} images, ${settings.epochs} epochs`);
  while (state.epoch < settings.epochs) {
    const started = performance.now();
    state = await runEpoch(network, examples, { state, settings, signal });
    await storage.put(checkpoint, encodeCheckpoint(fingerprint, state), "application/octet-stream");
    const seconds = (performance.now() - started) / 1_000;
    log(`epoch ${state.epoch} of ${settings.epochs}: loss ${lastLoss(state).toFixed(4)}, ${seconds.toFixed(1)} s`);
  }
  restoreWeights(network, state.weights);
  const candidate = `${folder}/model`;
  await putModelFiles(storage, candidate, await toModelFiles(network));
  network.dispose();
  return { candidate, epochs: state.epoch, loss: lastLoss(state), resumedFrom };
}

async function loadCheckpoint(storage: Storage, key: string, fingerprint: string): Promise<TrainingState | undefined> {
  const found = await storage.find(key);
  return found === undefined ? undefined : decodeCheckpoint(found.body, fingerprint);
}

const lastLoss = (state: TrainingState): number => state.losses.at(-1) ?? Number.NaN;
