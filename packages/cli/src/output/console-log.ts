import { clockText } from "./event-line.ts";

export type Level = "debug" | "info" | "warn" | "error";

/** Lines on standard output (warnings and errors on standard error): time, words, fields. */
export interface ConsoleLog {
  readonly level: Level;
  readonly write: (level: Level, message: string, fields?: Readonly<Record<string, unknown>>) => void;
}

const ranks: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Lines wait so long, ms: a write to a file or a terminal holds up everything else in the process. */
const flushAfterMs = 20;

export function createConsoleLog(level: Level, now: () => Date): ConsoleLog {
  const out = createLineBuffer(process.stdout);
  const err = createLineBuffer(process.stderr);
  return {
    level,
    write(at, message, fields) {
      if (ranks[at] < ranks[level]) return;
      const extra = fields && Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : "";
      const mark = at === "warn" || at === "error" ? `${at.toUpperCase()} ` : "";
      const line = `${clockText(now())} ${mark}${message}${extra}\n`;
      (ranks[at] >= ranks.warn ? err : out)(line);
    },
  };
}

/** Writes what came together in one piece; the rest at the end of the process. */
function createLineBuffer(stream: NodeJS.WriteStream): (line: string) => void {
  let waiting = "";
  const flush = (): void => {
    if (waiting === "") return;
    stream.write(waiting);
    waiting = "";
  };
  process.once("exit", flush);
  return (line) => {
    if (waiting === "") setTimeout(flush, flushAfterMs).unref();
    waiting += line;
  };
}
