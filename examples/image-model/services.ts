import { join } from "node:path";
import type { RunningService } from "./services/listen.ts";
import { startModelEndpoint } from "./services/model-endpoint.ts";
import { startObjectStore } from "./services/object-store.ts";
import { defaultPorts, readSettings } from "./src/settings.ts";

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
    const port = Number(process.env.IMAGE_MODEL_S3_PORT ?? defaultPorts.objectStore);
    return startObjectStore({ ...rest, folder, port, accessKey: settings.storage.accessKey });
  },
};

const modelEndpoint: SideService = {
  name: "image-model endpoint",
  start: ({ log }) => {
    const port = Number(process.env.IMAGE_MODEL_PORT ?? defaultPorts.modelEndpoint);
    return startModelEndpoint({ port, storage: settings.storage, ...(log === undefined ? {} : { log }) });
  },
};

/** In the order of starting. The store is among them only when no other is configured (`IMAGE_MODEL_S3_ENDPOINT`). */
export const services: readonly SideService[] =
  process.env.IMAGE_MODEL_S3_ENDPOINT === undefined ? [objectStore, modelEndpoint] : [modelEndpoint];
