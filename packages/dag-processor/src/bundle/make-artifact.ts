import { sdkProtocol } from "@airloom/sdk/runtime";
import type { ArtifactManifest, ArtifactPart } from "@airloom/wire";
import { type Project, projectPath } from "../project.ts";
import { type Findings, filePlace } from "./author-plugin.ts";
import { bundleFormat, hashOf } from "./hash.ts";
import type { Input } from "./input.ts";
import type { InstalledPackage } from "./packages.ts";
import type { VendorPart } from "./vendor.ts";

export interface Artifact {
  readonly manifest: ArtifactManifest;
  /** Bytes of each part, by its hash. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** Source map of the main part. */
  readonly map: string;
  /** Packages that stay outside, as they are installed here. */
  readonly externals: readonly InstalledPackage[];
}

interface Made {
  readonly file: string;
  readonly main: string;
  readonly map: string;
  readonly findings: Findings;
  readonly vendor: VendorPart | null;
}

const entry = "main.mjs";

/** Puts the parts together under hashes of what they were made from. */
export function makeArtifact(project: Project, made: Made): Artifact {
  const { findings, file } = made;
  const parts = partsOf(project, made);
  const externals = externalsOf(made);
  const outside = externals.map(({ name, version }) => `${name}@${version}`);
  const around = [String(bundleFormat), String(sdkProtocol), file, ...outside];
  const code = [...findings.inputs.values()].filter((input) => input.kind === "code");
  const shipped = parts.filter(({ part }) => part.kind === "vendor" || part.kind === "file");
  return {
    map: made.map,
    externals,
    contents: new Map(parts.map(({ part, bytes }) => [part.hash, bytes])),
    manifest: {
      id: hashOf("artifact", ...around, ...parts.map(({ part }) => `${part.path} ${part.hash}`)),
      codeHash: hashOf(
        "code",
        ...around,
        ...linesOf(project, code),
        ...shipped.map(({ part }) => `${part.path} ${part.hash}`),
      ),
      format: 1,
      file,
      entry,
      parts: parts.map(({ part }) => part),
      externals: externals.map(({ name, version }) => ({ name, version })),
      sdkProtocol,
    },
  };
}

interface MadePart {
  readonly part: ArtifactPart;
  readonly bytes: Uint8Array;
}

function partsOf(project: Project, { main, map, findings, vendor }: Made): readonly MadePart[] {
  const inputs = linesOf(project, [...findings.inputs.values()]);
  const mainHash = hashOf("main", String(bundleFormat), vendor?.hash ?? "", ...inputs);
  const files = [...findings.files.values()].map((input) => ({ path: filePlace(project, input.path), input }));
  return [
    makePart({ path: entry, kind: "code", hash: mainHash }, Buffer.from(main)),
    makePart({ path: `${entry}.map`, kind: "map", hash: hashOf("map", mainHash) }, Buffer.from(map)),
    ...(vendor
      ? [makePart({ path: `vendor-${vendor.hash}.mjs`, kind: "vendor", hash: vendor.hash }, vendor.bytes)]
      : []),
    ...files
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ path, input }) => makePart({ path, kind: "file", hash: hashOf("file", input.hash) }, input.bytes)),
  ];
}

const makePart = (part: Omit<ArtifactPart, "bytes">, bytes: Uint8Array): MadePart => ({
  part: { ...part, bytes: bytes.length },
  bytes,
});

const linesOf = (project: Project, inputs: readonly Input[]): readonly string[] =>
  inputs.map(({ path, hash }) => `${projectPath(project, path)} ${hash}`).sort();

function externalsOf({ findings, vendor }: Made): readonly InstalledPackage[] {
  const all = [...findings.externals.values(), ...(vendor?.externals ?? [])];
  return [...new Map(all.map((found) => [found.name, found])).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
