import { type Claimed, claim } from "@airloom/runs";
import type { ClaimOptions } from "@airloom/store";
import type { ClaimReply, ClaimRequest } from "@airloom/wire";
import { resolveVariables } from "../secrets/resolve.ts";
import type { ExecutionDeps } from "./execution-deps.ts";
import { workloadOf } from "./workload.ts";

/** Longest wait for work in one request, ms. */
const maxWaitMs = 30_000;

/** Claims what fits, or waits for it: until a hint says that something was queued, or the time is up. */
export async function claimWork(deps: ExecutionDeps, request: ClaimRequest, signal?: AbortSignal): Promise<ClaimReply> {
  const arrival = watchQueue(deps, Math.min(request.waitMs, maxWaitMs), signal);
  try {
    for (;;) {
      const seen = arrival.next();
      const reply = await claimNow(deps, request);
      if (reply.workloads.length > 0 || signal?.aborted || !(await seen)) return reply;
    }
  } finally {
    arrival.stop();
  }
}

/** Claims without waiting. */
export async function claimNow(deps: ExecutionDeps, request: ClaimRequest): Promise<ClaimReply> {
  return replyOf(deps, await claim(deps, { ...claimOptions(deps, request), repeat: request.repeat ?? false }));
}

export const claimOptions = ({ settings }: ExecutionDeps, request: ClaimRequest): ClaimOptions => ({
  executor: request.executor,
  queues: request.queues,
  workerId: request.workerId,
  tokenHashes: request.tokenHashes,
  warmArtifacts: request.warmArtifacts,
  leaseMs: settings.leaseMs,
});

/** What was claimed, as workloads. */
export async function replyOf(deps: ExecutionDeps, claimed: readonly Claimed[]): Promise<ClaimReply> {
  if (claimed.length === 0) return { workloads: [] };
  const { leaseMs } = deps.settings;
  deps.lanes.remember(claimed.map(({ instance }) => instance));
  const keys = [...new Set(claimed.flatMap(({ variables }) => variables))];
  const variables = keys.length > 0 ? await deps.store.tx((tx) => resolveVariables(tx, deps, keys)) : {};
  return {
    workloads: claimed.map((one) => workloadOf(one, leaseMs, pick(variables, one.variables))),
  };
}

const pick = (values: Readonly<Record<string, string | null>>, keys: readonly string[]) =>
  Object.fromEntries(keys.map((key) => [key, values[key] ?? null]));

/** `next()` resolves true when something was queued after it was called, false when the wait is over. */
function watchQueue({ store, timers }: ExecutionDeps, waitMs: number, signal: AbortSignal | undefined) {
  let over = waitMs <= 0;
  let settle: (arrived: boolean) => void = () => {};
  const end = () => {
    over = true;
    settle(false);
  };
  const offHint = store.onHint("queued", () => settle(true));
  const forget = timers.after(Math.max(waitMs, 0), end);
  signal?.addEventListener("abort", end);
  return {
    next: () =>
      new Promise<boolean>((resolve) => {
        settle = resolve;
        if (over) resolve(false);
      }),
    stop() {
      offHint();
      forget();
      signal?.removeEventListener("abort", end);
    },
  };
}
