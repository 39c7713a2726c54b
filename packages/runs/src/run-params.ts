import type { DagGraph, Json, JsonObject } from "@airloom/core";

/** The params of a run: the Dag's defaults with the run's `conf` over them. */
export const paramsOf = (run: { readonly conf: JsonObject }, graph: DagGraph): JsonObject => ({
  ...graph.spec.params.defaults,
  ...run.conf,
});

/** One of them, by its path; undefined when there is none. */
export function paramAt(
  run: { readonly conf: JsonObject },
  graph: DagGraph,
  path: readonly string[],
): Json | undefined {
  let value: Json | undefined = paramsOf(run, graph);
  for (const name of path) {
    const inside: Json | undefined = value;
    value =
      typeof inside === "object" && inside !== null && !Array.isArray(inside)
        ? (inside as JsonObject)[name]
        : undefined;
  }
  return value;
}
