import type { DagSpec } from "@airloom/core";
import type { DagRow, PublishedDag, Store } from "@airloom/store";
import { someId } from "./some-id.ts";
import { someSpec } from "./some-spec.ts";

/** What a publication of this spec looks like: hash by content, a file and an artifact of its own, unpaused. */
export const somePublication = (spec: DagSpec, given: Partial<PublishedDag> = {}): PublishedDag => ({
  dagId: spec.dagId,
  file: `dags/${spec.dagId}.ts`,
  spec,
  specHash: JSON.stringify(spec),
  artifactId: `artifact of ${spec.dagId}`,
  newVersionId: someId("version"),
  pausedUponCreation: false,
  ...given,
});

/** Publishes a Dag, unpaused, and returns its row. */
export async function publish(
  store: Store,
  spec: DagSpec = someSpec(),
  given: Partial<PublishedDag> = {},
): Promise<DagRow> {
  const { dag } = await store.tx((tx) => tx.publishDag(somePublication(spec, given)));
  return dag;
}
