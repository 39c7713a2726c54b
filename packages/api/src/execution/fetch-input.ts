import { AirloomError } from "@airloom/core";
import { loadInputs } from "@airloom/runs";
import { type AttemptRef, packMessage } from "@airloom/wire";
import type { ExecutionDeps } from "./execution-deps.ts";
import { liveInstance } from "./fence.ts";

/** An input that was too large to travel with the workload: `ref` names its source task (and element: `task#3`). */
export function fetchInput(deps: ExecutionDeps, attempt: AttemptRef, ref: string): Promise<Uint8Array> {
  return deps.store.tx(async (tx) => {
    const instance = await liveInstance(tx, attempt);
    const [run] = await tx.listRunsByKey([instance.runKey]);
    if (!run) throw new AirloomError("NOT_FOUND", { what: "The run" });
    const { graph } = await deps.versions.load(tx, run.versionId);
    const loaded = await loadInputs({ tx, run, graph }, [instance], Number.POSITIVE_INFINITY);
    const source = ref.split("#", 1).join("");
    const input = loaded.get(instance.id)?.inputs[source];
    if (!input) throw new AirloomError("NOT_FOUND", { what: `Input ${ref}` });
    return packMessage(input);
  });
}
