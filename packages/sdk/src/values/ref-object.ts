import { AirloomError, type RunField } from "@airloom/core";
import type { DagScope, NodeDraft } from "../dag/draft.ts";

/** Where a Ref's value comes from. */
export type RefSource =
  | { readonly kind: "node"; readonly draft: NodeDraft }
  | { readonly kind: "run"; readonly field: RunField }
  | { readonly kind: "param"; readonly path: readonly string[] }
  | { readonly kind: "variable"; readonly key: string };

const refBrand: unique symbol = Symbol.for("airloom.ref");

export interface RefBrand {
  readonly source: RefSource;
  readonly scope: DagScope;
}

/** What a Ref is at run time. A class, so that the codec refuses one by name; reading one as if it were a value throws. */
export class ValueRefObject {
  readonly [refBrand]: RefBrand;

  constructor(brand: RefBrand) {
    Object.defineProperty(this, refBrand, { value: brand });
    this[refBrand] = brand;
  }

  [Symbol.toPrimitive](): never {
    throw noValueYet(this[refBrand].source);
  }

  toJSON(): never {
    throw noValueYet(this[refBrand].source);
  }
}

const noValueYet = (source: RefSource): AirloomError =>
  new AirloomError("DAG_INVALID", {
    reason: `${sourceName(source)} was used as if it had a value already`,
    hint: "A Ref gets its value when a task runs: pass it to a task as an argument and use it there.",
  });

/** A Ref as authors wrote it. @example "`run.logicalDate`", "the result of `extract`" */
export function sourceName(source: RefSource): string {
  if (source.kind === "node") return `the result of \`${source.draft.id}\``;
  if (source.kind === "run") return `\`run.${source.field}\``;
  if (source.kind === "variable") return `\`variables.${source.key}\``;
  return `\`${["params", ...source.path].join(".")}\``;
}

/** The brand of a Ref, null for anything else. */
export const refBrandOf = (value: unknown): RefBrand | null =>
  typeof value === "object" && value !== null && refBrand in value ? (value as ValueRefObject)[refBrand] : null;
