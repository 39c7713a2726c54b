import type { ImportError } from "@airloom/wire";
import type { BuildFailure, Message } from "esbuild";

export const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors);

/** What esbuild could not bundle, as the author sees it: the first error, with its line. */
export function toImportError({ errors }: BuildFailure, file: string): ImportError {
  const [first, ...more] = errors;
  const kind = first ? kindOf(first) : "syntax";
  return {
    kind,
    message: `${first?.text ?? "The file cannot be bundled"}${more.length > 0 ? ` (and ${more.length} more)` : ""}`,
    location: locationOf(first) ?? file,
    stack: excerptOf(first),
    hint: hints[kind] ?? first?.notes[0]?.text ?? null,
  };
}

const hints: Readonly<Record<string, string>> = {
  resolve: "Correct the path, or install the package where Airloom runs. The file is read again when it appears.",
  read: "Give the user that runs Airloom the right to read it.",
  limit: "Split the file, or load large data in a task.",
};

function kindOf({ text, detail }: Message): string {
  if (typeof detail === "string" && detail in hints) return detail;
  return /^(Could not resolve|Cannot find|No such file)/i.test(text) ? "resolve" : "syntax";
}

/** @example "dags/orders.ts:12:5", columns from 1. */
function locationOf(message: Message | undefined): string | null {
  const at = message?.location;
  return at ? `${at.file}:${at.line}:${at.column + 1}` : null;
}

function excerptOf(message: Message | undefined): string | null {
  const at = message?.location;
  if (!at || at.lineText === "") return null;
  return `${at.lineText}\n${" ".repeat(at.column)}${"^".repeat(Math.max(1, Math.min(at.length, 200)))}`;
}
