import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { idleTime } from "@airloom/testkit";
import { type BuildOptions, build, type Metafile } from "esbuild";
import { expect, it } from "vitest";
import { ownAirloom } from "./own-airloom.ts";

const root = join(import.meta.dirname, "../../..");

/** Bytes of all files that are read before the command line does anything. */
async function bytesAtStart(): Promise<number> {
  const { bundleOptions } = (await import(pathToFileURL(join(root, "scripts/bundles.mjs")).href)) as {
    bundleOptions: (root: string, name: string, outfile: string) => BuildOptions;
  };
  const options = bundleOptions(root, "cli", join(root, "node_modules/.cache/airloom-start/cli.mjs"));
  const { metafile } = await build({ ...options, sourcemap: false, write: false, metafile: true });
  return bytesOf(metafile);
}

function bytesOf({ outputs }: Metafile): number {
  const read = new Set<string>();
  const visit = (path: string): void => {
    if (read.has(path)) return;
    read.add(path);
    for (const { path: next, kind } of outputs[path]?.imports ?? [])
      if (kind === "import-statement" && outputs[next]) visit(next);
  };
  visit(Object.keys(outputs).find((path) => path.endsWith("/cli.mjs")) ?? "");
  return [...read].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0);
}

it("reads neither web server nor database client before a command needs them", async () => {
  const bytes = await bytesAtStart();
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(700_000);
});

it("prints its version within 150 ms, the best of five", async () => {
  const airloom = await ownAirloom("shop");
  const times: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const asked = async () => expect(await airloom.run(["version"])).toEqual({ code: 0, out: "0.1.0\n", err: "" });
    times.push(await idleTime(asked));
  }
  await airloom.close();
  expect(Math.min(...times)).toBeLessThan(150);
});
