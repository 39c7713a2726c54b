import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { SourceMapConsumer } from "source-map-js";

export interface MappedStack {
  readonly stack: string;
  /** First position in the author's own code: `orders.ts:12:5`. */
  readonly location: string | null;
}

const framePattern = /^(\s+at (?:async |.*? \()?)((?:file:\/\/|node:|\/)[^)]*?):(\d+):(\d+)(\)?)$/;

/**
 * Turns stacks of an artifact's code into positions of the author's sources. Maps are read when the first error needs them.
 * @param folder the artifact's folder.
 * @param ownFile the child's own bundle, whose frames say nothing to the author.
 */
export function sourcePositions(folder: string, ownFile: string): (stack: string) => MappedStack {
  const maps = new Map<string, SourceMapConsumer | null>();
  const consumerOf = (file: string): SourceMapConsumer | null => {
    const known = maps.get(file);
    if (known !== undefined) return known;
    const consumer = readMap(file);
    maps.set(file, consumer);
    return consumer;
  };
  return (stack) => {
    let location: string | null = null;
    const lines = stack.split("\n").flatMap((line) => {
      const frame = framePattern.exec(line);
      if (!frame) return [line];
      const [, before = "", url = "", row = "", column = "", after = ""] = frame;
      const file = url.startsWith("file://") ? fileURLToPath(url) : url;
      if (url.startsWith("node:") || file === ownFile) return [];
      if (!file.startsWith(folder + sep)) return [line];
      const place = original(consumerOf(file), Number(row), Number(column)) ?? {
        source: relative(folder, file),
        position: `${row}:${column}`,
      };
      const at = `${place.source}:${place.position}`;
      if (location === null && !place.source.includes("node_modules")) location = at;
      return [`${before}${at}${after}`];
    });
    return { stack: lines.join("\n"), location };
  };
}

function readMap(file: string): SourceMapConsumer | null {
  try {
    return new SourceMapConsumer(JSON.parse(readFileSync(`${file}.map`, "utf8")));
  } catch {
    return null;
  }
}

function original(
  consumer: SourceMapConsumer | null,
  line: number,
  column: number,
): { source: string; position: string } | null {
  // V8 counts columns from 1, source maps from 0.
  const found = consumer?.originalPositionFor({ line, column: column - 1 });
  if (!found?.source) return null;
  return { source: tidy(found.source), position: `${found.line}:${found.column + 1}` };
}

/** Sources are told relative to where the bundle was made; the way there says nothing. */
const tidy = (source: string): string => source.replace(/^file:\/\//, "").replace(/^(\.{1,2}\/)+/, "");
