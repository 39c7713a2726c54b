import { join } from "node:path";
import type { RunningService } from "./services/listen.ts";
import { startModelEndpoint } from "./services/model-endpoint.ts";
import { startObjectStore } from "./services/object-store.ts";
import { readSettings } from "./src/settings.ts";

export interface ServiceOptions {
  /** Airloom's home folder: the local store keeps its objects in `<home>/image-model/s3`. */
  readonly home: string;
  /** One line for the console. @default console.error */
  readonly log?: (line: string) => void;
}

/** A service that has to run beside Airloom for this example: tasks cannot leave processes behind. */
export interface SideService {
  readonly name: string;
  /** Resolves when it accepts requests. */
  start(options: ServiceOptions): Promise<RunningService>;
}

const settings = readSettings();

const objectStore: SideService = {
  name: "image-model object store",
  start: ({ home, ...rest }) => {
    const folder = join(home, "image-model", "s3");
    return startObjectStore({
      ...rest,
      folder,
      port: settings.ports.objectStore,
      accessKey: settings.storage.accessKey,
    });
  },
};

const modelEndpoint: SideService = {
  name: "image-model endpoint",
  start: ({ home: _, ...rest }) =>
    startModelEndpoint({ ...rest, port: settings.ports.modelEndpoint, storage: settings.storage }),
};

/** In the order of starting. The store is among them only when no other is configured (`IMAGE_MODEL_S3_ENDPOINT`). */
export const services: readonly SideService[] =
  process.env.IMAGE_MODEL_S3_ENDPOINT === undefined ? [objectStore, modelEndpoint] : [modelEndpoint];
