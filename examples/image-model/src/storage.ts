import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type { Settings } from "./settings.ts";

export interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
}

/** What must hold for a put to happen: the object is still the one with this etag, or there is none. */
export type PutCondition = { readonly ifMatch: string } | { readonly ifAbsent: true };

/**
 * One bucket. Every put replaces its object whole or not at all, under its final key: readers need no lock, and a step
 * that is repeated writes the same again.
 */
export interface Storage {
  /** Creates the bucket unless it is there. */
  ensureBucket(): Promise<void>;
  put(key: string, body: Uint8Array | string, type: string): Promise<void>;
  /** False when the condition did not hold: another was faster. */
  putIf(condition: PutCondition, key: string, body: string): Promise<boolean>;
  /** Throws when there is none, and names the key. */
  get(key: string): Promise<StoredObject>;
  find(key: string): Promise<StoredObject | undefined>;
  /** `find`, except that an object that still has the etag is not sent again. */
  findNewer(key: string, etag: string | undefined): Promise<StoredObject | "unchanged" | undefined>;
  exists(key: string): Promise<boolean>;
  /** Key → etag of all objects below a prefix. */
  etags(prefix: string): Promise<ReadonlyMap<string, string>>;
  close(): void;
}

/** Opens S3 or what speaks like it. The caller closes it; `withStorage` does both. */
export function openStorage(settings: Settings["storage"]): Storage {
  const client = createClient(settings);
  const at = (key: string) => ({ Bucket: settings.bucket, Key: key });

  const find = async (key: string): Promise<StoredObject | undefined> =>
    unlessStatus(404, undefined, async () => toStored(await client.send(new GetObjectCommand(at(key)))));

  return {
    ensureBucket: async () => {
      const found = await unlessStatus(404, false, async () => {
        await client.send(new HeadBucketCommand({ Bucket: settings.bucket }));
        return true;
      });
      if (!found) await client.send(new CreateBucketCommand({ Bucket: settings.bucket }));
    },
    put: async (key, body, type) => {
      await client.send(new PutObjectCommand({ ...at(key), Body: body, ContentType: type }));
    },
    putIf: (condition, key, body) =>
      // 404 answers `If-Match` on what is gone, 409 two conditional puts at the same moment (S3's words).
      unlessStatus([404, 409, 412], false, async () => {
        const when = "ifMatch" in condition ? { IfMatch: `"${condition.ifMatch}"` } : { IfNoneMatch: "*" };
        await client.send(new PutObjectCommand({ ...at(key), ...when, Body: body, ContentType: "application/json" }));
        return true;
      }),
    get: async (key) => {
      const found = await find(key);
      if (found === undefined) throw new Error(`There is no object "${key}" in the bucket "${settings.bucket}".`);
      return found;
    },
    find,
    findNewer: (key, etag) =>
      etag === undefined
        ? find(key)
        : unlessStatus<StoredObject | "unchanged" | undefined>(304, "unchanged", () =>
            unlessStatus(404, undefined, async () =>
              toStored(await client.send(new GetObjectCommand({ ...at(key), IfNoneMatch: `"${etag}"` }))),
            ),
          ),
    exists: (key) =>
      unlessStatus(404, false, async () => {
        await client.send(new HeadObjectCommand(at(key)));
        return true;
      }),
    etags: (prefix) => listEtags(client, settings.bucket, prefix),
    close: () => client.destroy(),
  };
}

/** Opens the storage for as long as `use` runs. */
export async function withStorage<T>(settings: Settings["storage"], use: (storage: Storage) => Promise<T>): Promise<T> {
  const storage = openStorage(settings);
  try {
    return await use(storage);
  } finally {
    storage.close();
  }
}

function createClient(settings: Settings["storage"]): S3Client {
  // The versions in the lock file fit Node 20; the notice about later ones would stand in the log of every task.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  return new S3Client({
    endpoint: settings.endpoint,
    region: settings.region,
    credentials: { accessKeyId: settings.accessKey.id, secretAccessKey: settings.accessKey.secret },
    forcePathStyle: true,
    // The SDK's own checksums are newer than many stores that speak S3, and some keep them as part of the object.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: 3_000,
      requestTimeout: 30_000,
      httpAgent: { keepAlive: true, maxSockets: 32 },
    },
  });
}

async function listEtags(client: S3Client, bucket: string, prefix: string): Promise<ReadonlyMap<string, string>> {
  const etags = new Map<string, string>();
  let token: string | undefined;
  do {
    const more = token === undefined ? {} : { ContinuationToken: token };
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...more }));
    for (const { Key, ETag } of page.Contents ?? []) if (Key && ETag) etags.set(Key, unquote(ETag));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return etags;
}

interface Received {
  readonly Body?: { transformToByteArray(): Promise<Uint8Array> } | undefined;
  readonly ETag?: string | undefined;
}

async function toStored({ Body, ETag }: Received): Promise<StoredObject> {
  return { body: Buffer.from((await Body?.transformToByteArray()) ?? []), etag: unquote(ETag ?? "") };
}

const unquote = (etag: string): string => etag.replaceAll('"', "");

async function unlessStatus<T>(status: number | readonly number[], otherwise: T, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    const got = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (got !== undefined && [status].flat().includes(got)) return otherwise;
    throw error;
  }
}
