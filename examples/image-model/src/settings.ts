/** Where the example's object storage and its endpoint are. */
export interface Settings {
  readonly storage: {
    readonly endpoint: string;
    readonly region: string;
    readonly bucket: string;
    readonly accessKey: { readonly id: string; readonly secret: string };
  };
  /** Base URL of the model's HTTP endpoint. */
  readonly modelEndpoint: string;
  /** Where the local services listen. */
  readonly ports: { readonly objectStore: number; readonly modelEndpoint: number };
}

/** The local store answers on the loopback address alone, so its key guards against mistakes and web pages, not people. */
export const localAccessKey = { id: "image-model", secret: "image-model-on-this-machine" } as const;
const defaultPorts = { objectStore: 4568, modelEndpoint: 4569 } as const;

/**
 * Settings from the environment, each with a default that fits the local services:
 * `IMAGE_MODEL_S3_ENDPOINT`, `IMAGE_MODEL_S3_REGION`, `IMAGE_MODEL_S3_BUCKET`, `IMAGE_MODEL_S3_ACCESS_KEY`,
 * `IMAGE_MODEL_S3_SECRET_KEY`, `IMAGE_MODEL_ENDPOINT`; ports of the local services: `IMAGE_MODEL_S3_PORT`, `IMAGE_MODEL_PORT`.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const ports = {
    objectStore: Number(env.IMAGE_MODEL_S3_PORT ?? defaultPorts.objectStore),
    modelEndpoint: Number(env.IMAGE_MODEL_PORT ?? defaultPorts.modelEndpoint),
  };
  return {
    ports,
    storage: {
      endpoint: env.IMAGE_MODEL_S3_ENDPOINT ?? `http://127.0.0.1:${ports.objectStore}`,
      region: env.IMAGE_MODEL_S3_REGION ?? "us-east-1",
      bucket: env.IMAGE_MODEL_S3_BUCKET ?? "image-model",
      accessKey: {
        id: env.IMAGE_MODEL_S3_ACCESS_KEY ?? localAccessKey.id,
        secret: env.IMAGE_MODEL_S3_SECRET_KEY ?? localAccessKey.secret,
      },
    },
    modelEndpoint: env.IMAGE_MODEL_ENDPOINT ?? `http://127.0.0.1:${ports.modelEndpoint}`,
  };
}
