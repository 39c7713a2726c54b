import { AirloomError } from "@airloom/core";
import { createHttpExecution, type ExecutionContract } from "@airloom/wire";
import { executionWithFailpoints } from "../failpoints/surround.ts";
import { homeKey } from "../home/home.ts";
import { readRunFile } from "../home/run-file.ts";
import { version } from "../version.ts";
import type { ProcessContext } from "./process-context.ts";

const firstPauseMs = 100;
const longestPauseMs = 5_000;
const answerMs = 5_000;

/**
 * The control plane as a worker or a dag-processor meets it: over HTTP, with a token and nothing else. Waits until its API server
 * answers, however long that takes: they are started in any order, and one may be down.
 * @param stopped Ends the waiting: null then.
 * @throws WORKER_TOKEN_REFUSED, WORKER_WRONG_SERVER, WORKER_VERSION: waiting would not help.
 */
export async function remoteExecution(
  context: ProcessContext,
  stopped: Promise<unknown>,
): Promise<ExecutionContract | null> {
  const { config, home, log } = context;
  const token = config.security.workerToken || homeKey(home, "worker");
  let told = "";
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    // Asked for each time: the server of this home may come up at another address.
    const baseUrl = config.workers.server || readRunFile(home)?.url;
    const looked = baseUrl ? await lookAt(baseUrl, token) : noServer;
    if (looked.kind === "ready") {
      if (told !== "") log.write("info", `The API server at ${baseUrl} answers`);
      return globalThis.FAILPOINTS ? executionWithFailpoints(looked.contract) : looked.contract;
    }
    if (looked.what !== told) log.write("info", `Waiting for ${looked.what}`);
    told = looked.what;
    if (await endsWithin(stopped, pauseMs)) return null;
  }
}

type Looked =
  | { readonly kind: "ready"; readonly contract: ExecutionContract }
  | { readonly kind: "waiting"; readonly what: string };

const noServer: Looked = {
  kind: "waiting",
  what: "the API server of this home: start `airloom api-server`, or name another one with --server",
};

async function lookAt(server: string, token: string): Promise<Looked> {
  const waiting: Looked = { kind: "waiting", what: `the API server at ${server}, which does not answer yet` };
  const found = await versionAt(server);
  if (found === null) return waiting;
  if (release(found) !== release(version)) throw new AirloomError("WORKER_VERSION", { server, found, own: version });
  const contract = createHttpExecution({ baseUrl: server, token: () => token });
  try {
    // Says nothing and changes nothing, but needs the token.
    await contract.heartbeat({ workerId: "not yet known", attempts: [] });
    return { kind: "ready", contract };
  } catch (error) {
    if (!(error instanceof AirloomError) || error.status >= 500) return waiting;
    if (error.status === 401 || error.status === 403) throw new AirloomError("WORKER_TOKEN_REFUSED", { server });
    throw error;
  }
}

/** Null when nobody answers, or what answers is not up yet. */
async function versionAt(server: string): Promise<string | null> {
  let response: Response;
  try {
    response = await fetch(new URL("/api/v2/version", server), { signal: AbortSignal.timeout(answerMs) });
  } catch (error) {
    if (error instanceof TypeError && !URL.canParse(server)) throw new AirloomError("WORKER_WRONG_SERVER", { server });
    return null;
  }
  if (response.status >= 500 || response.status === 429) return null;
  const body: unknown = await response.json().catch(() => null);
  const found = typeof body === "object" && body !== null && "version" in body ? body.version : null;
  if (typeof found !== "string") throw new AirloomError("WORKER_WRONG_SERVER", { server });
  return found;
}

/** What has to be the same on both sides: before 1.0 the first two numbers, from then on the first. */
function release(of: string): string {
  const [major = "", minor = ""] = of.split(".");
  return major === "0" ? `0.${minor}` : major;
}

async function endsWithin(stopped: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const ended = await Promise.race([stopped.then(() => true), late]);
  clearTimeout(timer);
  return ended;
}
