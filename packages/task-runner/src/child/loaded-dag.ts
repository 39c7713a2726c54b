import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { evaluateDag, findDags, type NodeCode, sdkProtocol } from "@airloom/sdk/runtime";
import type { Binding } from "../protocol/messages.ts";

/** The code of one Dag's nodes, by task id. */
export type LoadedDag = ReadonlyMap<string, NodeCode>;

/** The artifact does not fit this worker, or does not hold what it should. */
class LoadError extends Error {
  override readonly name = "LoadError";
}

/**
 * Imports an artifact's entry and evaluates the body of one of its Dags: once per child.
 * @throws whatever the author's module or body throws; an Error when the Dag is not there.
 */
export async function loadDag({ folder, entry, dagId, artifactId, ...binding }: Binding): Promise<LoadedDag> {
  if (binding.sdkProtocol !== sdkProtocol) {
    throw new LoadError(
      `Artifact ${artifactId} was bundled for version ${binding.sdkProtocol} of the protocol between SDK and worker; this worker speaks version ${sdkProtocol}. Run the dag-processor and the workers of the same Airloom version, and let the file be parsed again.`,
    );
  }
  const namespace: object = await import(pathToFileURL(join(folder, entry)).href);
  const dags = findDags(namespace);
  const dag = dags.find(({ id }) => id === dagId);
  if (dag) return evaluateDag(dag).nodes;
  const ids = dags.map(({ id }) => `"${id}"`).join(", ") || "none";
  throw new LoadError(
    `The code has no Dag "${dagId}"; it has: ${ids}. The file makes its Dags from something that differs between machines, such as the environment, a file or the clock.`,
  );
}
