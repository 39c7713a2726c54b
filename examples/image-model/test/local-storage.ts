import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { startObjectStore } from "../services/object-store.ts";
import { localAccessKey, type Settings } from "../src/settings.ts";
import { openStorage, type Storage } from "../src/storage.ts";

export interface LocalStorage {
  readonly settings: Settings["storage"];
  readonly storage: Storage;
  readonly folder: string;
  stop(): Promise<void>;
}

/** A real object store in a folder of its own on a free port, and the example's client of it; both end with the test. */
export async function startLocalStorage(): Promise<LocalStorage> {
  const folder = await mkdtemp(join(tmpdir(), "image-model-"));
  const server = await startObjectStore({ folder, port: 0, accessKey: localAccessKey });
  const settings = { endpoint: server.url, region: "us-east-1", bucket: "image-model", accessKey: localAccessKey };
  const storage = openStorage(settings);
  onTestFinished(async () => {
    storage.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  await storage.ensureBucket();
  return { settings, storage, folder, stop: server.stop };
}
