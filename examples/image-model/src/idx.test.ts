import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withIdxFile } from "./idx.ts";

describe("withIdxFile", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "idx-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const write = async (name: string, bytes: number[]) => {
    const path = join(folder, name);
    await writeFile(path, Uint8Array.from(bytes));
    return path;
  };
  const threeByTwo = [0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 10, 11, 20, 21, 30, 31];

  it("reads the items that are asked for, in that order", async () => {
    const path = await write("good", threeByTwo);
    const read = await withIdxFile(path, async (file) => ({ shape: file.shape, bytes: await file.read([2, 0]) }));
    expect(read).toEqual({ shape: [3, 2], bytes: Uint8Array.from([30, 31, 10, 11]) });
  });

  it("refuses a file that is shorter than its header promises", async () => {
    const path = await write("short", threeByTwo.slice(0, -1));
    await expect(withIdxFile(path, async () => 0)).rejects.toThrow("has 17 bytes; its header promises 18");
  });

  it("refuses what is no IDX file of bytes", async () => {
    const path = await write("other", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    await expect(withIdxFile(path, async () => 0)).rejects.toThrow("is not an IDX file");
  });

  it("refuses an item that is not there", async () => {
    const path = await write("few", threeByTwo);
    await expect(withIdxFile(path, (file) => file.read([3]))).rejects.toThrow("has no item 3");
  });
});
