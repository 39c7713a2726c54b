import { AirloomError, type Json } from "@airloom/core";
import { type FinishOutcome, type FinishResult, loseAttempts } from "@airloom/runs";
import type { TaskInstanceRow } from "@airloom/store";
import type {
  ClaimReply,
  ClaimRequest,
  FinishReply,
  FinishRequest,
  Outcome,
  ReleasedRef,
  XComOutput,
} from "@airloom/wire";
import { claimNow, claimOptions, replyOf } from "./claim-work.ts";
import type { ExecutionDeps } from "./execution-deps.ts";
import { hashToken } from "./fence.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** Records an outcome and, when asked, claims the next work in the same call. */
export async function finishAttempt(deps: ExecutionDeps, request: FinishRequest): Promise<FinishReply> {
  const { taskInstanceId, attempt, token } = request;
  for (const { value } of request.xcoms) checkXComSize(deps, value.kind === "value" ? [value.bytes] : value.items);
  const finish = {
    taskInstanceId,
    attempt,
    tokenHash: hashToken(token),
    outcome: outcomeOf(request.outcome),
    xcoms: request.xcoms.map(xcomOf),
  };
  // What its tokens may hold already has to be asked about first: not in the transaction of the finish.
  const claim = request.claim && !request.claim.repeat ? claimOptions(deps, request.claim) : undefined;
  const finished = await deps.lanes.finish(finish, claim);
  const { result } = finished;
  if (result === "fenced")
    throw new AirloomError("ATTEMPT_FENCED", {
      taskInstanceId,
      attempt,
      reason: "another attempt, or a user, decided",
    });
  const claimed = request.claim && (await claimedWith(deps, request.claim, finished));
  // What this very worker took needs no shout: it would only wake its other claim for nothing.
  const taken = finished.claimed ? 0 : (claimed?.workloads.length ?? 0);
  if (taken < finished.queued) deps.store.hint("queued");
  return claimed ? { result, claimed } : { result };
}

/** A finish that was recorded before may have claimed with these tokens then. */
const claimedWith = (
  deps: ExecutionDeps,
  request: ClaimRequest,
  { result, claimed }: FinishResult,
): Promise<ClaimReply> =>
  claimed
    ? replyOf(deps, claimed)
    : claimNow(deps, { ...request, repeat: request.repeat === true || result === "repeated" });

/** @throws VALUE_TOO_LARGE; the worker then fails the task with these words. */
export function checkXComSize({ maxXComBytes: limit }: ExecutionDeps, parts: readonly Uint8Array[]): void {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  if (bytes > limit) throw new AirloomError("VALUE_TOO_LARGE", { bytes, limit });
}

function outcomeOf(outcome: Outcome): FinishOutcome {
  if (outcome.kind !== "failed") return outcome;
  const { error, retry } = outcome;
  return { kind: "failed", retry, failure: { ...error } as Json, fingerprint: fingerprintOf(error) };
}

const xcomOf = ({ key, value, length }: XComOutput) => ({
  key,
  length,
  value: value.kind === "value" ? value.bytes : null,
  elements: value.kind === "elements" ? value.items : null,
});

/** Attempts that a supervisor gives back: unrun, drained, or found dead. */
export async function releaseAttempts(
  deps: ExecutionDeps,
  attempts: readonly ReleasedRef[],
  reason: string,
): Promise<void> {
  const held: TaskInstanceRow[] = [];
  const neverRan = new Set(attempts.flatMap((ref) => (ref.neverRan === true ? [ref.taskInstanceId] : [])));
  await deps.store.tx(async (tx) => {
    held.length = 0;
    for (const ref of attempts) {
      const instance = await tx.findTaskInstance(ref.taskInstanceId);
      if (instance?.attempt === ref.attempt && instance.tokenHash === hashToken(ref.token)) held.push(instance);
    }
  });
  await loseAttempts(deps, held, { reason, neverRan });
}
