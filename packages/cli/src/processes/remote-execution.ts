import { AirloomError } from "@airloom/core";
import { createHttpExecution, type ExecutionContract } from "@airloom/wire";
import { executionWithFailpoints } from "../failpoints/surround.ts";
import { homeKey } from "../home/home.ts";
import { readRunFile } from "../home/run-file.ts";
import type { ProcessContext } from "./process-context.ts";

/** The control plane as a worker or a dag-processor meets it: over HTTP, with a token and nothing else. */
export function remoteExecution({ config, home }: ProcessContext): ExecutionContract {
  const baseUrl = config.workers.server || readRunFile(home)?.url;
  if (!baseUrl) throw new AirloomError("WORKER_NO_SERVER");
  const token = config.security.workerToken || homeKey(home, "worker");
  const contract = createHttpExecution({ baseUrl, token: () => token });
  return globalThis.FAILPOINTS ? executionWithFailpoints(contract) : contract;
}
