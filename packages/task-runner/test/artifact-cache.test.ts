import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ArtifactManifest } from "@airloom/wire";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ArtifactCache } from "../src/supervisor/artifact-cache.ts";

let folder: string;
let calls: string[];
let broken: Error | null;
const manifests = new Map<string, ArtifactManifest>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "airloom-cache-"));
  calls = [];
  broken = null;
  manifests.clear();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function artifact(id: string, paths: readonly string[], bytes = 10): void {
  const parts = paths.map((path) => ({
    hash: `${id}-${path.replaceAll("/", "_")}`,
    path,
    kind: "code" as const,
    bytes,
  }));
  const rest = { codeHash: id, format: 1, file: "a.ts", entry: "main.mjs", externals: [], sdkProtocol: 1 } as const;
  manifests.set(id, { id, parts, ...rest });
}

async function opened(mostBytes = 1_000, project = "."): Promise<ArtifactCache> {
  const contract = {
    getArtifact: async (id: string) => {
      calls.push(id);
      if (broken) throw broken;
      return manifests.get(id) as ArtifactManifest;
    },
    getPart: async (hash: string) => {
      calls.push(hash);
      return Buffer.from(`export default "${hash}";`);
    },
  };
  const cache = new ArtifactCache({
    contract,
    folder: join(folder, "cache"),
    projectRoot: join(folder, project),
    mostBytes,
  });
  await cache.open();
  return cache;
}

const cached = (): readonly string[] => readdirSync(join(folder, "cache/artifacts")).sort();

test("one that two want at once is fetched once, and later never again", async () => {
  artifact("one", ["main.mjs", "files/deep/query.sql"]);
  const cache = await opened();
  const [first, second] = await Promise.all([cache.use("one"), cache.use("one")]);
  expect(first).toEqual(second);
  await cache.use("one");
  expect(calls.filter((call) => call === "one")).toHaveLength(1);
  expect(existsSync(join(first.folder, "files/deep/query.sql"))).toBe(true);
  const again = await opened();
  await again.use("one");
  expect(calls.filter((call) => call === "one")).toHaveLength(1);
});

test("one that lost a file is fetched again", async () => {
  artifact("one", ["main.mjs", "other.mjs"]);
  const { folder: at } = await (await opened()).use("one");
  await rm(join(at, "other.mjs"));
  await (await opened()).use("one");
  expect(existsSync(join(at, "other.mjs"))).toBe(true);
});

test("one whose folder a task deleted while it was in use is fetched again for the next", async () => {
  artifact("one", ["main.mjs"]);
  const cache = await opened();
  const { folder: at } = await cache.use("one");
  await rm(join(folder, "cache"), { recursive: true });
  await Promise.all([cache.use("one"), cache.use("one")]);
  expect(existsSync(join(at, "main.mjs"))).toBe(true);
});

test("a part that two artifacts share is fetched once", async () => {
  artifact("one", ["main.mjs"]);
  artifact("two", ["main.mjs"]);
  manifests.set("two", { ...(manifests.get("two") as ArtifactManifest), parts: manifests.get("one")?.parts ?? [] });
  const cache = await opened();
  await cache.use("one");
  await cache.use("two");
  expect(calls.filter((call) => call === "one-main.mjs")).toHaveLength(1);
});

test("too many: those not in use for longest go, those in use stay", async () => {
  for (const id of ["one", "two", "three"]) artifact(id, ["main.mjs"], 400);
  const cache = await opened(1_000);
  await cache.use("one");
  await cache.use("two");
  cache.release("two");
  await cache.use("three");
  expect(cached()).toEqual(["one", "three"]);
});

test("no id and no path leads out of the folder", async () => {
  artifact("evil", ["../../outside.mjs"]);
  const cache = await opened();
  await expect(cache.use("../x")).rejects.toThrow(/cannot be the id/);
  await expect(cache.use("evil")).rejects.toThrow(/leads out/);
  expect(existsSync(join(folder, "cache/outside.mjs"))).toBe(false);
  expect(cached()).toEqual([]);
});

test("a fetch that breaks leaves nothing, and the next one starts anew", async () => {
  artifact("one", ["main.mjs"]);
  const cache = await opened();
  broken = new Error("cut off");
  await expect(cache.use("one")).rejects.toThrow("cut off");
  broken = null;
  expect((await cache.use("one")).entry).toBe("main.mjs");
  expect(cached()).toEqual(["one"]);
});

test("packages that stayed outside are found as the project finds them, in its own folder or above", async () => {
  const install = async (at: string, name: string, value: number): Promise<void> => {
    const dir = join(folder, at, "node_modules", name);
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, "package.json"), JSON.stringify({ name, main: "index.js" }));
    await writeFile(join(dir, "index.js"), `module.exports = ${value};`);
  };
  await install("workspace/project", "near", 1);
  await install("workspace", "@scope/hoisted", 2);
  artifact("one", ["main.mjs"]);
  const externals = ["near", "@scope/hoisted", "missing"].map((name) => ({ name, version: "1.0.0" }));
  manifests.set("one", { ...(manifests.get("one") as ArtifactManifest), externals });
  const { folder: at } = await (await opened(1_000, "workspace/project")).use("one");
  const code = 'import near from "near"; import hoisted from "@scope/hoisted"; export default near + hoisted;';
  await writeFile(join(at, "asks.mjs"), code);
  const { default: sum } = (await import(pathToFileURL(join(at, "asks.mjs")).href)) as { default: number };
  expect(sum).toBe(3);
  expect(existsSync(join(at, "node_modules/missing"))).toBe(false);
});
