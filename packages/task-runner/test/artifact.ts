import { createHash } from "node:crypto";
import { sdkProtocol } from "@airloom/sdk/runtime";
import type { ArtifactManifest, ArtifactPart } from "@airloom/wire";
import { build, type Plugin } from "esbuild";

export interface Artifact {
  readonly manifest: ArtifactManifest;
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/** Modules that the child brings; names that are imported bind at run time. */
const provided: Plugin = {
  name: "provided",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(airloom(\/operators)?|zod)$/ }, ({ path }) => ({ path, namespace: "provided" }));
    onLoad({ filter: /.*/, namespace: "provided" }, ({ path }) => ({
      contents: `module.exports = globalThis[Symbol.for("airloom.modules")][${JSON.stringify(path)}];`,
    }));
  },
};

/** An artifact from one author file, given as text: `orders.ts` in the Dags folder. */
export async function artifactOf(source: string, file = "orders.ts"): Promise<Artifact> {
  const { outputFiles } = await build({
    stdin: { contents: source, loader: "ts", sourcefile: `dags/${file}`, resolveDir: "/" },
    outfile: "/project/main.mjs",
    absWorkingDir: "/",
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "external",
    sourcesContent: false,
    plugins: [provided],
    logLevel: "silent",
  });
  const parts = outputFiles.map(({ path, contents }) => {
    const isMap = path.endsWith(".map");
    const part: ArtifactPart = {
      hash: hashOf(contents),
      path: isMap ? "main.mjs.map" : "main.mjs",
      kind: isMap ? "map" : "code",
      bytes: contents.length,
    };
    return { part, contents };
  });
  const manifest = {
    id: hashOf(Buffer.from(source)),
    codeHash: hashOf(Buffer.from(source)),
    format: 1,
    file,
    entry: "main.mjs",
    parts: parts.map(({ part }) => part),
    externals: [],
    sdkProtocol,
  } as const;
  return { manifest, contents: new Map(parts.map(({ part, contents }) => [part.hash, contents])) };
}

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
