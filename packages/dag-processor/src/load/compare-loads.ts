import type { ImportError } from "@airloom/wire";
import { findDifference } from "../child/spec-difference.ts";
import type { LoadOutcome } from "./parse-child.ts";

type Loaded = Extract<LoadOutcome, { kind: "loaded" }>;

/**
 * What two loads of one file, at different times and with other chances, tell differently. A second load that failed says nothing: the
 * file may have its reasons.
 */
export function compareLoads(first: Loaded, again: LoadOutcome, shownName: string): ImportError | null {
  if (again.kind !== "loaded") return null;
  const words = difference(first, again);
  if (words === null) return null;
  return {
    kind: "nondeterministic",
    message: words,
    location: shownName,
    stack: null,
    hint: "What stands at the top of the file must not reach a Dag from the clock or from chance: each worker loads the file again. Read them in a task, or use `run.logicalDate`.",
  };
}

function difference(first: Loaded, again: Loaded): string | null {
  const ids = ({ dags }: Loaded): string => dags.map(({ dagId }) => `"${dagId}"`).join(", ") || "none";
  if (ids(first) !== ids(again))
    return `The file is different each time it is loaded: it has the Dags ${ids(first).slice(0, 300)}, then ${ids(again).slice(0, 300)}.`;
  for (const [index, { dagId, spec }] of first.dags.entries()) {
    const path = findDifference(spec, again.dags[index]?.spec);
    if (path !== null) return `Dag "${dagId}" is different each time it is loaded: ${path} changed.`;
  }
  return null;
}
