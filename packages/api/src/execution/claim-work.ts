import { type Claimed, claim } from "@airloom/runs";
import type { ClaimOptions } from "@airloom/store";
import type { ClaimReply, ClaimRequest } from "@airloom/wire";
import { resolveVariables } from "../secrets/resolve.ts";
import type { ExecutionDeps } from "./execution-deps.ts";
import { workloadOf } from "./workload.ts";

/** Longest wait for work in one request, ms. */
const maxWaitMs = 30_000;

/** A look at the queue that found less than was asked for is good so long, ms: hints that something was queued may be lost. */
const lookIsGoodMs = 5_000;

/** Answers workers that wait for work. */
export interface ClaimDesk {
  /** Claims what fits, or waits for it: until a hint says that something was queued, or the time is up. */
  claim(request: ClaimRequest, signal?: AbortSignal): Promise<ClaimReply>;
}

/**
 * A worker asks anew the moment it got something. When its last look left nothing behind, and nobody queued anything since, there is
 * nothing to look for: without that memory every start of a task cost another transaction just while it was starting.
 */
export function createClaimDesk(deps: ExecutionDeps): ClaimDesk {
  const { monotonicMs = () => performance.now() } = deps;
  let hints = 0;
  deps.store.onHint("queued", () => {
    hints += 1;
  });
  const empty = new Map<string, { readonly hints: number; readonly at: number }>();

  async function look(request: ClaimRequest): Promise<ClaimReply> {
    const before = { hints, at: monotonicMs() };
    const reply = await claimNow(deps, request);
    if (reply.workloads.length < request.tokenHashes.length) empty.set(request.workerId, before);
    else empty.delete(request.workerId);
    return reply;
  }

  const isEmpty = ({ workerId, repeat, waitMs }: ClaimRequest): boolean => {
    const last = empty.get(workerId);
    return !repeat && waitMs > 0 && last?.hints === hints && monotonicMs() - last.at < lookIsGoodMs;
  };

  return {
    async claim(request, signal) {
      const arrival = watchQueue(deps, Math.min(request.waitMs, maxWaitMs), signal);
      try {
        for (let isFirst = true; ; isFirst = false) {
          const seen = arrival.next();
          const reply = isFirst && isEmpty(request) ? { workloads: [] } : await look(request);
          if (reply.workloads.length > 0 || signal?.aborted || !(await seen)) return reply;
        }
      } finally {
        arrival.stop();
      }
    },
  };
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
