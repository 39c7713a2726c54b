import { SourceMapConsumer } from "source-map-js";

export interface MappedStack {
  /** `dags/orders.ts:12:5`: where the author's code was, innermost first; null when none of it is in the stack. */
  readonly location: string | null;
  /** Message and the author's own frames. */
  readonly stack: string | null;
}

/**
 * Brings a stack of the bundle back to the author's files. Frames of other code are left out.
 * @param entry absolute path of the bundle.
 */
export function mapStack(stack: string | null, entry: string, map: string): MappedStack {
  if (stack === null) return { location: null, stack: null };
  const lines = stack.split("\n");
  const places = lines.flatMap((line) => placeIn(line, entry) ?? []);
  if (places.length === 0) return { location: null, stack: headOf(lines) };
  const consumer = new SourceMapConsumer(JSON.parse(map));
  const frames = places.flatMap(({ name, line, column }) => {
    const at = consumer.originalPositionFor({ line, column: column - 1 });
    if (!at.source || at.source.includes("airloom-")) return [];
    return [{ name, where: `${at.source}:${at.line}:${at.column + 1}` }];
  });
  const shown = frames.map(({ name, where }) => (name ? `    at ${name} (${where})` : `    at ${where}`));
  return { location: frames[0]?.where ?? null, stack: [headOf(lines), ...shown].join("\n") };
}

/** The words above the first frame: name and message, which may have several lines. */
function headOf(lines: readonly string[]): string {
  const first = lines.findIndex((line) => /^\s+at /.test(line));
  return (first < 0 ? lines : lines.slice(0, first)).join("\n");
}

interface Place {
  readonly name: string | null;
  readonly line: number;
  readonly column: number;
}

function placeIn(text: string, entry: string): Place | null {
  const at = text.indexOf(entry);
  const position = at < 0 ? null : /^(?:\?again)?:(\d+):(\d+)/.exec(text.slice(at + entry.length));
  if (!position) return null;
  const name = /^\s+at (?:async )?(.+?) \(/.exec(text)?.[1] ?? null;
  return { name, line: Number(position[1]), column: Number(position[2]) };
}
