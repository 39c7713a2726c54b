import { type Pointer, parsePointer, pointerKey } from "../../src/deployment.ts";
import { fromModelFiles, getModelFiles } from "../../src/model-files.ts";
import { loadMetrics, type Metrics, modelFolder } from "../../src/models.ts";
import { likeliest, type Network, predict } from "../../src/network.ts";
import type { Storage } from "../../src/storage.ts";
import { EndpointError } from "./endpoint-error.ts";

export interface Prediction {
  readonly digit: number;
  /** Of the digits 0 to 9. */
  readonly probabilities: readonly number[];
  readonly version: string;
}

/** The deployed model, kept in memory and exchanged when the pointer changes. */
export interface ServedModel {
  predict(features: Float32Array): Promise<Prediction>;
  describe(): Promise<Omit<Pointer, "change"> & { metrics: Metrics["evaluation"] | null }>;
  health(): Promise<{ status: "ok" | "no model"; version: string | null; storage: "ok" | "unreachable" }>;
}

interface Loaded {
  readonly etag: string;
  readonly pointer: Pointer;
  readonly metrics: Metrics | undefined;
  readonly network: Network;
}

export function createServedModel(storage: Storage, log: (line: string) => void): ServedModel {
  let loaded: Loaded | undefined;
  let reachable = true;
  let refreshing: Promise<void> | undefined;

  const refresh = async () => {
    try {
      loaded = await loadIfNewer(storage, loaded);
      if (!reachable) log("model endpoint: the storage answers again");
      reachable = true;
    } catch (error) {
      if (reachable)
        log(
          `model endpoint: the deployed model cannot be read, serving ${loaded?.pointer.version ?? "none"}: ${String(error)}`,
        );
      reachable = false;
    }
  };
  const current = async (): Promise<Loaded | undefined> => {
    // A look that began before this request may have missed a swap that its client knows of: wait, then look anew.
    await refreshing;
    refreshing ??= refresh().finally(() => {
      refreshing = undefined;
    });
    await refreshing;
    return loaded;
  };
  const required = async (): Promise<Loaded> => {
    const model = await current();
    if (model !== undefined) return model;
    throw new EndpointError(
      503,
      reachable ? "No model is deployed yet; run the Dag image_model." : "The storage does not answer.",
    );
  };

  return {
    async predict(features) {
      const { network, pointer } = await required();
      const probabilities = predict(network, features);
      return { digit: likeliest(probabilities)[0] ?? 0, probabilities: [...probabilities], version: pointer.version };
    },
    async describe() {
      const { pointer, metrics } = await required();
      const { change: _, ...told } = pointer;
      return { ...told, metrics: metrics?.evaluation ?? null };
    },
    async health() {
      const model = await current();
      const version = model?.pointer.version ?? null;
      return { status: model === undefined ? "no model" : "ok", version, storage: reachable ? "ok" : "unreachable" };
    },
  };
}

async function loadIfNewer(storage: Storage, loaded: Loaded | undefined): Promise<Loaded | undefined> {
  const found = await storage.findNewer(pointerKey, loaded?.etag);
  if (found === "unchanged") return loaded;
  if (found === undefined) {
    loaded?.network.dispose();
    return undefined;
  }
  const pointer = parsePointer(found.body);
  const [files, metrics] = await Promise.all([
    getModelFiles(storage, modelFolder(pointer.version)),
    loadMetrics(storage, pointer.version),
  ]);
  const network = await fromModelFiles(files);
  // Predictions are synchronous, so none is under way with the old network here.
  loaded?.network.dispose();
  return { etag: found.etag, pointer, metrics, network };
}
