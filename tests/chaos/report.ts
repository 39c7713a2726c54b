import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { root } from "../support/built-airloom.ts";

/** One repetition of a row. Times in seconds. */
export interface Repetition {
  readonly seed: number;
  readonly commit: string;
  /** When it began: ISO-8601. */
  readonly at: string;
  readonly outcome: "passed" | "failed";
  readonly took: number;
  readonly recovery: number | null;
  readonly hit: string;
  readonly problems: readonly string[];
  /** What the processes said last; only of a failed one. */
  readonly lastWords?: Readonly<Record<string, string>>;
  /** The command that does it again. */
  readonly again: string;
}

/** A row and all that is known of it. */
export interface RowReport {
  readonly row: number;
  readonly name: string;
  readonly promise: string;
  readonly result: "passed" | "failed" | "not run";
  /** Of a row that was not run. */
  readonly why?: string;
  readonly passed: number;
  readonly failed: number;
  readonly recovery: Spread | null;
  readonly commits: readonly string[];
  readonly repetitions: readonly Repetition[];
}

interface Spread {
  readonly median: number;
  readonly longest: number;
}

export interface Report {
  readonly seed: number;
  readonly machine: { readonly processors: number; readonly node: string };
  readonly rows: readonly RowReport[];
}

/** The state of the sources, for a report: the commit, marked when what is tried was edited since. */
export function commitNow(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();
  try {
    const edited = git("status", "--porcelain", "--", "packages", "tests/chaos", "tests/support") !== "";
    return `${git("rev-parse", "--short=12", "HEAD")}${edited ? "+edits" : ""}`;
  } catch {
    return "unknown";
  }
}

export function readReport(file: string): Report | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Report) : null;
}

/** Whole or not at all: whoever is killed while it writes leaves the one before. */
export function writeReport(file: string, report: Report): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(report, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

type Named = Pick<RowReport, "row" | "name" | "promise">;

export function reportOf({ row, name, promise }: Named, repetitions: readonly Repetition[]): RowReport {
  const passed = repetitions.filter(({ outcome }) => outcome === "passed").length;
  const failed = repetitions.length - passed;
  return {
    row,
    name,
    promise,
    result: failed > 0 ? "failed" : passed > 0 ? "passed" : "not run",
    ...(repetitions.length === 0 && { why: "not asked for" }),
    passed,
    failed,
    recovery: spreadOf(repetitions.flatMap(({ recovery }) => recovery ?? [])),
    commits: [...new Set(repetitions.map(({ commit }) => commit))],
    repetitions,
  };
}

export const notRun = ({ row, name, promise }: Named, why: string): RowReport => ({
  ...reportOf({ row, name, promise }, []),
  why,
});

function spreadOf(values: readonly number[]): Spread | null {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const longest = sorted.at(-1);
  return median === undefined || longest === undefined ? null : { median, longest };
}
