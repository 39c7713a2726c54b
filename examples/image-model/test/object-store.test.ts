import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { describe, expect, it, onTestFinished } from "vitest";
import { startObjectStore } from "../services/object-store.ts";
import { localAccessKey } from "../src/settings.ts";
import { openStorage } from "../src/storage.ts";
import { type LocalStorage, startLocalStorage } from "./local-storage.ts";

/** The SDK as it comes, with the checksums that it adds by default. */
function sdk({ settings }: LocalStorage, secretAccessKey: string = localAccessKey.secret): S3Client {
  const credentials = { accessKeyId: localAccessKey.id, secretAccessKey };
  const client = new S3Client({
    endpoint: settings.endpoint,
    region: settings.region,
    credentials,
    forcePathStyle: true,
  });
  onTestFinished(() => client.destroy());
  return client;
}

const Bucket = "image-model";

describe("the object store, spoken to by the AWS SDK", () => {
  it("gives back what was put, under keys that mean something to file systems and to URLs too", async () => {
    const { storage, folder } = await startLocalStorage();
    const keys = ["a", "a/b", "../up", "a/../../b", "/", "a//b", ".hidden", "sp ace+%2F&=?#ü😀", "a'b(c)*!"];
    for (const key of keys) await storage.put(key, `body of ${key}`, "text/plain");
    for (const key of keys) expect((await storage.get(key)).body.toString()).toBe(`body of ${key}`);
    expect([...(await storage.etags("")).keys()].toSorted()).toEqual(keys.toSorted());
    expect(await readdir(folder)).toEqual(["image-model"]);
    expect(await storage.find("a/c")).toBeUndefined();
    expect(await storage.exists("a/c")).toBe(false);
  });

  it("takes a stream with trailing checksums without keeping them", async () => {
    const local = await startLocalStorage();
    const bytes = Buffer.alloc(200_000, "abc");
    const parts = Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]);
    await sdk(local).send(new PutObjectCommand({ Bucket, Key: "stream", Body: parts, ContentLength: bytes.length }));
    expect((await local.storage.get("stream")).body.equals(bytes)).toBe(true);
  });

  it("gives a part of an object", async () => {
    const local = await startLocalStorage();
    await local.storage.put("digits", "0123456789", "text/plain");
    const part = async (Range: string) => {
      const found = await sdk(local).send(new GetObjectCommand({ Bucket, Key: "digits", Range }));
      return [found.ContentRange, await found.Body?.transformToString()];
    };
    expect(await part("bytes=2-4")).toEqual(["bytes 2-4/10", "234"]);
    expect(await part("bytes=-3")).toEqual(["bytes 7-9/10", "789"]);
    expect(await part("bytes=8-99")).toEqual(["bytes 8-9/10", "89"]);
    await expect(part("bytes=10-")).rejects.toThrow("holds no byte");
  });

  it("lists in pages and groups, each key once", async () => {
    const local = await startLocalStorage();
    const keys = ["a/1", "a/2", "b", "c/1", "d", "e/x/1"];
    for (const key of keys) await local.storage.put(key, key, "text/plain");
    const list = async (Delimiter?: string) => {
      const seen: (string | undefined)[] = [];
      let ContinuationToken: string | undefined;
      do {
        const given = { ...(Delimiter && { Delimiter }), ...(ContinuationToken && { ContinuationToken }) };
        const page = await sdk(local).send(new ListObjectsV2Command({ Bucket, MaxKeys: 2, ...given }));
        expect(page.KeyCount).toBeLessThanOrEqual(2);
        seen.push(
          ...(page.Contents ?? []).map(({ Key }) => Key),
          ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
        );
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return seen.toSorted();
    };
    expect(await list()).toEqual(keys);
    expect(await list("/")).toEqual(["a/", "b", "c/", "d", "e/"]);
  });

  it("lists more objects than fit on a page", async () => {
    const { storage } = await startLocalStorage();
    const keys = Array.from({ length: 1_005 }, (_, index) => `many/${index}`);
    await Promise.all(keys.map((key) => storage.put(key, "x", "text/plain")));
    expect((await storage.etags("many/")).size).toBe(1_005);
  });

  it("lets exactly one of many conditional puts win", async () => {
    const { storage } = await startLocalStorage();
    const racers = Array.from({ length: 8 }, (_, index) => storage.putIf({ ifAbsent: true }, "pointer", `${index}`));
    expect((await Promise.all(racers)).filter(Boolean)).toHaveLength(1);
    const { etag } = await storage.get("pointer");
    expect(await storage.putIf({ ifMatch: etag }, "pointer", "next")).toBe(true);
    expect(await storage.putIf({ ifMatch: etag }, "pointer", "late")).toBe(false);
    expect(await storage.putIf({ ifMatch: etag }, "never there", "x")).toBe(false);
    expect((await storage.get("pointer")).body.toString()).toBe("next");
  });

  it("sends an object again only when it changed", async () => {
    const { storage } = await startLocalStorage();
    await storage.put("k", "one", "text/plain");
    const { etag } = await storage.get("k");
    expect(await storage.findNewer("k", etag)).toBe("unchanged");
    await storage.put("k", "two", "text/plain");
    expect(await storage.findNewer("k", etag)).toMatchObject({ body: Buffer.from("two") });
    expect(await storage.findNewer("gone", etag)).toBeUndefined();
  });

  it("refuses requests without a right signature, and what it does not know", async () => {
    const local = await startLocalStorage();
    const put = { Bucket, Key: "k", Body: "x" };
    await expect(sdk(local, "wrong").send(new PutObjectCommand(put))).rejects.toThrow("signature does not match");
    expect((await fetch(`${local.settings.endpoint}/${Bucket}/k`, { method: "PUT", body: "x" })).status).toBe(403);
    const acl = new PutObjectCommand({ ...put, Tagging: "a=b" });
    acl.middlewareStack.add(
      (next) => (args) => {
        (args.request as { query: Record<string, string> }).query.tagging = "";
        return next(args);
      },
      { step: "build" },
    );
    await expect(sdk(local).send(acl)).rejects.toThrow('does not know "?tagging"');
    expect(await local.storage.exists("k")).toBe(false);
  });

  it("deletes, and deletes again without complaint", async () => {
    const local = await startLocalStorage();
    await local.storage.put("a/b", "x", "text/plain");
    for (let round = 0; round < 2; round++) await sdk(local).send(new DeleteObjectCommand({ Bucket, Key: "a/b" }));
    expect(await local.storage.exists("a/b")).toBe(false);
    expect((await local.storage.etags("")).size).toBe(0);
  });

  it("finds everything again after a restart, and clears away what a killed server left half written", async () => {
    const { storage, folder, settings, stop } = await startLocalStorage();
    await storage.put("kept", "x", "text/plain");
    await stop();
    await writeFile(join(folder, Bucket, "incoming", "half"), '{"etag":"');
    const again = await startObjectStore({ folder, port: 0, accessKey: localAccessKey });
    onTestFinished(again.stop);
    const reopened = openStorage({ ...settings, endpoint: again.url });
    onTestFinished(() => reopened.close());
    expect((await reopened.get("kept")).body.toString()).toBe("x");
    expect(await readdir(join(folder, Bucket))).toEqual(["objects"]);
  });

  it("says so when its port is taken", async () => {
    const { folder, settings } = await startLocalStorage();
    const port = Number(new URL(settings.endpoint).port);
    await expect(startObjectStore({ folder, port, accessKey: localAccessKey })).rejects.toThrow(
      `port ${port} is taken`,
    );
  });
});
