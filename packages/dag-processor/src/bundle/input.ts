import { open } from "node:fs/promises";
import { extname } from "node:path";
import type { Loader } from "esbuild";
import { hashBytes } from "./hash.ts";
import { stampOf } from "./stamp.ts";

/** One of the author's files as it was when it was read. */
export interface Input {
  readonly path: string;
  readonly stamp: string;
  readonly hash: string;
  /** `rows`: a list that Dags are made from; whose rows did not change keeps its code. */
  readonly kind: "code" | "rows";
  readonly bytes: Uint8Array;
}

/** How files with these endings may be imported. Text comes as a string. */
const loaders: Readonly<Record<string, Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
  ".json": "json",
  ...Object.fromEntries(
    [".csv", ".tsv", ".txt", ".sql", ".yaml", ".yml", ".md", ".py", ".graphql", ".html"].map((end) => [end, "text"]),
  ),
};

export const loaderOf = (path: string): Loader | null => loaders[extname(path)] ?? null;

export class FileTooLarge extends Error {}

/** Reads a file and its stamp together. @throws FileTooLarge, and the system's error for a file that cannot be read. */
export async function readInput(path: string, maxBytes: number): Promise<Input> {
  const file = await open(path, "r");
  try {
    const stats = await file.stat({ bigint: true });
    if (Number(stats.size) > maxBytes) {
      throw new FileTooLarge(`It has ${stats.size} bytes; at most ${maxBytes} are allowed.`);
    }
    const bytes = await file.readFile();
    return { path, stamp: stampOf(stats), hash: hashBytes(bytes), kind: kindOf(path, bytes), bytes };
  } finally {
    await file.close();
  }
}

/**
 * Only lists count as rows. A settings file that tasks read when they run must reach every Dag of the file, so whatever is
 * not clearly a list is code.
 */
function kindOf(path: string, bytes: Uint8Array): Input["kind"] {
  const end = extname(path);
  if (end === ".csv" || end === ".tsv") return "rows";
  if (end === ".json") return /^\s*\[/.test(headOf(bytes)) ? "rows" : "code";
  if (end === ".yaml" || end === ".yml") return /^(\s*(#.*)?\n|---.*\n)*\s*- /.test(headOf(bytes)) ? "rows" : "code";
  return "code";
}

const headOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.subarray(0, 4_096))
    .toString("utf8")
    .replace(/^\uFEFF/, "");
