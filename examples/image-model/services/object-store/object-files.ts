import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, rmdir, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ObjectHead } from "./listing.ts";
import { S3Error } from "./s3-error.ts";

/**
 * Objects as files. One file is one object: a line of JSON (etag, type), then the bytes. Thus one rename publishes an
 * object whole, with its etag; a reader never sees half of one, and a killed server leaves at most a file in `incoming/`.
 * Files are not fsynced: everything here can be made again by running the Dag.
 *
 *     <folder>/<bucket>/objects/train-6000/00/000123-7.png@
 *     <folder>/<bucket>/incoming/<uuid>
 */
export interface ObjectFiles {
  buckets(): Promise<readonly string[]>;
  createBucket(bucket: string): Promise<void>;
  deleteBucket(bucket: string): Promise<void>;
  requireBucket(bucket: string): Promise<void>;
  keys(bucket: string, prefix: string): Promise<readonly string[]>;
  head(bucket: string, key: string): Promise<ObjectHead | undefined>;
  read(bucket: string, key: string): Promise<{ head: ObjectHead; body: Buffer } | undefined>;
  write(bucket: string, key: string, object: { body: Buffer; type: string }): Promise<string>;
  remove(bucket: string, key: string): Promise<void>;
}

/** The longest header line written is far below this: an etag, and a content type of at most 1,000 characters. */
const headerLimit = 2_048;

export async function openObjectFiles(folder: string): Promise<ObjectFiles> {
  await mkdir(folder, { recursive: true });
  const objectsOf = (bucket: string) => join(folder, bucket, "objects");
  const incomingOf = (bucket: string) => join(folder, bucket, "incoming");
  const fileOf = (bucket: string, key: string) => join(objectsOf(bucket), fileName(key));
  const buckets = async () =>
    (await readdir(folder, { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => e.name);
  for (const bucket of await buckets()) await rm(incomingOf(bucket), { recursive: true, force: true });

  return {
    buckets,
    async createBucket(bucket) {
      await mkdir(objectsOf(bucket), { recursive: true });
    },
    async deleteBucket(bucket) {
      if ((await listKeys(objectsOf(bucket), "")).length > 0) {
        throw new S3Error(409, "BucketNotEmpty", `The bucket "${bucket}" still holds objects.`);
      }
      await rm(join(folder, bucket), { recursive: true, force: true });
    },
    async requireBucket(bucket) {
      if (await unlessMissing(stat(objectsOf(bucket)))) return;
      throw new S3Error(404, "NoSuchBucket", `There is no bucket "${bucket}"; create it first.`);
    },
    keys: (bucket, prefix) => listKeys(objectsOf(bucket), prefix),
    head: (bucket, key) => unlessMissing(readHead(fileOf(bucket, key), key)),
    read: (bucket, key) => unlessMissing(readObject(fileOf(bucket, key), key)),
    write: (bucket, key, object) => writeObject({ incoming: incomingOf(bucket), file: fileOf(bucket, key) }, object),
    async remove(bucket, key) {
      const file = fileOf(bucket, key);
      if ((await unlessMissing(unlink(file).then(() => true))) !== true) return;
      // Folders stand for nothing in S3: an emptied one goes, a used one refuses to. The bucket's own stays.
      if (dirname(file) !== objectsOf(bucket)) await rmdir(dirname(file)).catch(() => undefined);
    },
  };
}

async function writeObject(paths: { incoming: string; file: string }, object: { body: Buffer; type: string }) {
  const etag = createHash("md5").update(object.body).digest("hex");
  const header = Buffer.from(`${JSON.stringify({ etag, type: object.type })}\n`);
  const temporary = join(paths.incoming, randomUUID());
  const content = Buffer.concat([header, object.body]);
  await creatingFolder(paths.incoming, () => writeFile(temporary, content, { flag: "wx" }));
  await creatingFolder(dirname(paths.file), () => rename(temporary, paths.file));
  return etag;
}

/** Folders are made when they turn out to be missing: 8,000 puts save 8,000 looks. */
async function creatingFolder(folder: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isMissing(error)) throw error;
    await mkdir(folder, { recursive: true });
    await write();
  }
}

async function readObject(file: string, key: string): Promise<{ head: ObjectHead; body: Buffer }> {
  const handle = await open(file);
  try {
    const [content, { mtimeMs }] = await Promise.all([handle.readFile(), handle.stat()]);
    const start = content.indexOf("\n") + 1;
    const body = content.subarray(start);
    return { head: { key, size: body.length, modified: mtimeMs, ...parseHeader(content, file) }, body };
  } finally {
    await handle.close();
  }
}

async function readHead(file: string, key: string): Promise<ObjectHead> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(headerLimit), 0, headerLimit, 0);
    const { size, mtimeMs } = await handle.stat();
    return { key, size: size - buffer.indexOf("\n") - 1, modified: mtimeMs, ...parseHeader(buffer, file) };
  } finally {
    await handle.close();
  }
}

function parseHeader(content: Buffer, file: string): { etag: string; type: string } {
  const header: unknown = JSON.parse(content.toString("utf8", 0, Math.max(0, content.indexOf("\n"))) || "null");
  if (typeof header === "object" && header !== null && "etag" in header && "type" in header) {
    return { etag: String(header.etag), type: String(header.type) };
  }
  throw new Error(`${file} is not an object of this store (no header line); delete it or restore it`);
}

async function listKeys(folder: string, prefix: string): Promise<string[]> {
  // The folders that the prefix names whole need not be searched from above.
  const parents = prefix.split("/").slice(0, -1);
  const start = join(folder, ...parents.map(encodeSegment));
  const keys: string[] = [];
  const visit = async (path: string, parent: string): Promise<void> => {
    for (const entry of (await unlessMissing(readdir(path, { withFileTypes: true }))) ?? []) {
      if (entry.isDirectory()) await visit(join(path, entry.name), `${parent}${decodeSegment(entry.name)}/`);
      else keys.push(parent + decodeSegment(entry.name.slice(0, -1)));
    }
  };
  await visit(start, parents.map((segment) => `${segment}/`).join(""));
  return keys;
}

/** `a/b` and `a` may both be keys, so a file ends in `@`, which no encoded folder name can hold. */
function fileName(key: string): string {
  if (key === "" || Buffer.byteLength(key) > 1_024)
    throw new S3Error(400, "KeyTooLongError", "A key has 1 to 1,024 bytes.");
  const segments = key.split("/").map(encodeSegment);
  if (segments.some((segment) => segment.length > 250)) {
    throw new S3Error(
      400,
      "KeyTooLongError",
      "A part of a key between slashes has at most 250 bytes here (a file name).",
    );
  }
  return `${segments.join("/")}@`;
}

/** No segment may mean something to the file system: `.` and `..` lose their first dot, the empty one becomes a `%`. */
const encodeSegment = (segment: string): string =>
  segment === "" ? "%" : encodeURIComponent(segment).replace(/^\./, "%2E");
const decodeSegment = (name: string): string => (name === "%" ? "" : decodeURIComponent(name));

async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
