import type { ImportError } from "@airloom/wire";
import type { BuildFailure, Location, Message } from "esbuild";

export const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors);

/** What esbuild could not bundle, as the author sees it: the first error, with its line. */
export function toImportError({ errors }: BuildFailure, file: string): ImportError {
  // What esbuild says first may be how it stumbled; where in the code is said with another.
  const first = errors.find(({ location }) => location) ?? errors[0];
  const more = errors.length - 1;
  const kind = first ? kindOf(first) : "syntax";
  return {
    kind,
    message: `${first?.text ?? "The file cannot be bundled"}${more > 0 ? ` (and ${more} more)` : ""}`,
    location: locationOf(first) ?? file,
    stack: excerptOf(first),
    hint: hints[detailOf(first)] ?? hints[kind] ?? first?.notes[0]?.text ?? null,
  };
}

const hints: Readonly<Record<string, string>> = {
  resolve: "Correct the path, or install the package where Airloom runs. The file is read again when it appears.",
  read: "Give the user that runs Airloom the right to read it.",
  nesting: "Build deep structures step by step, or read them from a file in a task.",
  limit: "Split the file, or load large data in a task.",
};

const detailOf = (message: Message | undefined): string => (typeof message?.detail === "string" ? message.detail : "");

function kindOf({ text, detail }: Message): string {
  if (detail === "nesting") return "limit";
  if (typeof detail === "string" && detail in hints) return detail;
  return /^(Could not resolve|Cannot find|Cannot read|No such file)/i.test(text) ? "resolve" : "syntax";
}

/** @example "dags/orders.ts:12:5", columns from 1. */
function locationOf(message: Message | undefined): string | null {
  const at = message?.location;
  return at ? `${at.file}:${at.line}:${columnOf(at) + 1}` : null;
}

/** esbuild counts bytes, editors count characters as JavaScript does. */
const columnOf = ({ column, lineText }: Location): number =>
  lineText === "" ? column : Buffer.from(lineText).subarray(0, column).toString("utf8").length;

function excerptOf(message: Message | undefined): string | null {
  const at = message?.location;
  if (!at || at.lineText === "") return null;
  return `${at.lineText}\n${" ".repeat(columnOf(at))}${"^".repeat(Math.max(1, Math.min(at.length, 200)))}`;
}
