import { z } from "zod";
import { type Evaluation, evaluationSchema } from "./evaluation.ts";
import { getModelFiles, putModelFiles, versionOf } from "./model-files.ts";
import type { Storage } from "./storage.ts";

export const modelFolder = (version: string): string => `models/${version}`;

const metricsSchema = z.object({ version: z.string(), evaluation: evaluationSchema });
export type Metrics = z.infer<typeof metricsSchema>;

/**
 * Step 5: copies the candidate to `models/<version>/` with `metrics.json`, where it stays. The version is made from the
 * content, so that a second upload of the same model writes the same objects. Returns the version.
 */
export async function uploadModel(storage: Storage, candidate: string, evaluation: Evaluation): Promise<string> {
  const files = await getModelFiles(storage, candidate);
  const version = versionOf(files);
  await putModelFiles(storage, modelFolder(version), files);
  const metrics: Metrics = { version, evaluation };
  await storage.put(`${modelFolder(version)}/metrics.json`, JSON.stringify(metrics, null, 2), "application/json");
  return version;
}

/** What was measured of a version; undefined when there is none. */
export async function loadMetrics(storage: Storage, version: string): Promise<Metrics | undefined> {
  const found = await storage.find(`${modelFolder(version)}/metrics.json`);
  return found === undefined ? undefined : metricsSchema.parse(JSON.parse(found.body.toString()));
}
