/** How one case of a corpus ended. */
export interface CaseReport {
  readonly name: string;
  /** Row of the failure catalogue. */
  readonly row: number;
  readonly status: "passed" | "failed" | "not run";
  /** What was wrong, or why it was not run. */
  readonly why: readonly string[];
  /** From the moment the file was there, or the attempt was queued, to the answer. */
  readonly ms: number | null;
}

/** A file that hurts whoever loads it, and what has to be said of it. */
export interface DagFileCase {
  readonly name: string;
  readonly row: number;
  /** By path in the case's own folder below the Dags folder; `bad.ts` is the Dag file. `$ID` stands for an id of its own. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** What files alone cannot say: links, pipes, rights. @returns why it cannot be had here; null when it is there. */
  readonly place?: (folder: string) => string | null;
  readonly expected: Expected;
  /** Limits under which it is looked at; `published`: those that users have. Default: short ones. */
  readonly limits?: "short" | "published";
  /** It takes seconds or much memory: left out of the short budget. */
  readonly isHeavy?: true;
}

export type Expected =
  | {
      /** Ids of its Dags. */
      readonly loads: readonly string[];
      readonly warning?: RegExp;
    }
  | {
      readonly kind: string;
      readonly message: RegExp;
      /** `bad.ts:3:9`, in the case's folder; without a line where there is none. */
      readonly at: string | RegExp;
    }
  /** It is no Dag file: neither an error nor a Dag. */
  | { readonly ignored: true };

/** What the cases of a family begin with. */
export const imports = `import { dag, task } from "airloom";\n`;
/** A Dag like any other. */
export const one = `export default dag("$ID", {}, () => { task("t", () => 1)(); });\n`;

/** A file with this text that loads. */
export const loads = (name: string, code: string | Uint8Array, given: Partial<DagFileCase> = {}): DagFileCase => ({
  name,
  row: 41,
  files: { "bad.ts": code },
  expected: { loads: ["$ID"] },
  ...given,
});

/** @param told Kind, message, and place: `:3:9` in the file, or nothing but the file. */
export const breaks = (
  name: string,
  code: string | Uint8Array,
  told: readonly [kind: string, message: RegExp, at?: string | RegExp],
): DagFileCase => {
  const [kind, message, at = ""] = told;
  return {
    name,
    row: 36,
    files: { "bad.ts": code },
    expected: { kind, message, at: typeof at === "string" ? `bad.ts${at}` : at },
  };
};

/** Sets what all cases of a family share. */
export const all = (given: Partial<DagFileCase>, cases: readonly DagFileCase[]): readonly DagFileCase[] =>
  cases.map((one) => ({ ...one, ...given, files: { ...given.files, ...one.files } }));
