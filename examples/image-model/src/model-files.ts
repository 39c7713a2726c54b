import { createHash } from "node:crypto";
import { z } from "zod";
import type { Network } from "./network.ts";
import type { Storage } from "./storage.ts";
import { layers, tf } from "./tensorflow.ts";

/** A model in TensorFlow.js' own format for layers models: what its other tools read. */
export interface ModelFiles {
  /** `model.json`: topology and the list of weights. */
  readonly json: string;
  /** `weights.bin`. */
  readonly weights: Buffer;
}

const modelJsonSchema = z.object({
  format: z.literal("layers-model"),
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: z.tuple([
    z.object({
      paths: z.tuple([z.literal("weights.bin")]),
      weights: z.array(z.object({ name: z.string(), shape: z.array(z.int()), dtype: z.literal("float32") })),
    }),
  ]),
});

export async function toModelFiles(network: Network): Promise<ModelFiles> {
  let files: ModelFiles | undefined;
  const keep = async ({ modelTopology, weightSpecs, weightData }: tf.io.ModelArtifacts) => {
    const manifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
    const json = JSON.stringify({ format: "layers-model", modelTopology, weightsManifest: manifest });
    files = { json, weights: Buffer.from(tf.io.CompositeArrayBuffer.join(weightData)) };
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" as const } };
  };
  await network.save(tf.io.withSaveHandler(keep));
  if (files === undefined) throw new Error("TensorFlow.js saved nothing");
  return files;
}

/** The network of the files. The caller disposes it. */
export async function fromModelFiles({ json, weights }: ModelFiles): Promise<Network> {
  const { modelTopology, weightsManifest } = modelJsonSchema.parse(JSON.parse(json));
  const artifacts = {
    modelTopology,
    weightSpecs: weightsManifest[0].weights,
    weightData: Uint8Array.from(weights).buffer,
  };
  return layers.loadLayersModel(tf.io.fromMemory(artifacts));
}

/** `model.json` goes last: a folder that has it is complete. */
export async function putModelFiles(storage: Storage, folder: string, { json, weights }: ModelFiles): Promise<void> {
  await storage.put(`${folder}/weights.bin`, weights, "application/octet-stream");
  await storage.put(`${folder}/model.json`, json, "application/json");
}

export async function getModelFiles(storage: Storage, folder: string): Promise<ModelFiles> {
  const json = (await storage.get(`${folder}/model.json`)).body.toString();
  return { json, weights: (await storage.get(`${folder}/weights.bin`)).body };
}

/** The version of a model is its content: the same model is the same version, however often it is made. */
export function versionOf({ json, weights }: ModelFiles): string {
  return createHash("sha256").update(json).update(weights).digest("hex").slice(0, 12);
}
