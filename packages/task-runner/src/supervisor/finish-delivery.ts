import { AirloomError } from "@airloom/core";
import type { ExecutionContract, FinishReply, FinishRequest, Outcome } from "@airloom/wire";
import type { OutcomeSpool } from "./spool.ts";
import { backoffMs, type Clock, pause } from "./waiting.ts";

export interface DeliveryParts {
  readonly contract: Pick<ExecutionContract, "finish">;
  readonly spool: OutcomeSpool;
  readonly spoolAfterMs: number;
  readonly clock: Clock;
}

/** What became of an outcome. `undelivered`: `giveUp` came first; it is in the spool. */
export type Delivered =
  | { readonly kind: "answered"; readonly reply: FinishReply }
  | { readonly kind: "fenced" | "undelivered" }
  | { readonly kind: "refused"; readonly error: AirloomError };

/**
 * Delivers an outcome, however often it takes. The disk is touched only when the first try fails or takes long: then the outcome is
 * put there, so that it outlives this process.
 */
export async function deliverFinish(
  request: FinishRequest,
  { contract, spool, spoolAfterMs, clock }: DeliveryParts,
  giveUpAt: () => AbortSignal,
): Promise<Delivered> {
  const { claim, ...finish } = request;
  let saved: Promise<void> | undefined;
  const save = (): void => {
    saved ??= spool.save(finish).catch(() => undefined);
  };
  const forget = clock.after(spoolAfterMs, save);
  // What is sent next when this is refused: without the claim, then as a failure that says so.
  const milder = [
    ...(claim ? [finish] : []),
    (error: AirloomError) => ({ ...finish, ...refused(finish.outcome, error) }),
  ];
  let sending: FinishRequest = request;
  // Made when the first try has failed: nearly always there is none.
  let giveUp: AbortSignal | undefined;
  try {
    for (let failures = 0; !giveUp?.aborted; failures += 1) {
      try {
        return { kind: "answered", reply: await contract.finish(sending) };
      } catch (error) {
        if (isFenced(error)) return { kind: "fenced" };
        if (isRefusal(error)) {
          const next = milder.shift();
          if (!next) return { kind: "refused", error };
          sending = typeof next === "function" ? next(error) : next;
          continue;
        }
        save();
        giveUp ??= giveUpAt();
        // The answer may be lost with the attempts it claimed: these come first next time.
        if (sending.claim) sending = { ...sending, claim: { ...sending.claim, repeat: true } };
        await pause(backoffMs(failures, clock), giveUp, clock);
      }
    }
    return { kind: "undelivered" };
  } finally {
    forget();
    if (saved) {
      await saved;
      if (!giveUp?.aborted) await spool.remove(finish);
    }
  }
}

const isFenced = (error: unknown): boolean => error instanceof AirloomError && error.code === "ATTEMPT_FENCED";

/** The same outcome would be refused again. A worker without a valid token may get one again. */
const isRefusal = (error: unknown): error is AirloomError =>
  error instanceof AirloomError && error.status >= 400 && error.status < 500 && error.status !== 401;

/** What cannot be recorded must not look as if it had never been: the attempt fails by the refusal. */
function refused(outcome: Outcome, error: AirloomError): Pick<FinishRequest, "outcome" | "xcoms"> {
  const before = outcome.kind === "failed" ? ` It had failed: ${outcome.error.message}` : "";
  const report = {
    kind: error.code === "VALUE_TOO_LARGE" || error.code === "MESSAGE_TOO_LARGE" ? "unserializable" : "error",
    name: error.code,
    message: `The outcome was refused: ${error.message} ${error.hint}${before}`.slice(0, 8_192),
    stack: null,
    location: null,
  } as const;
  return { outcome: { kind: "failed", error: report, retry: false }, xcoms: [] };
}

/** Delivers what an earlier worker left, one try each. What still gets no answer stays for the next start. */
export async function deliverSpooled({ contract, spool }: Pick<DeliveryParts, "contract" | "spool">): Promise<number> {
  let delivered = 0;
  for (const finish of await spool.list()) {
    try {
      await contract.finish(finish);
      delivered += 1;
    } catch (error) {
      if (!(error instanceof AirloomError) || error.status >= 500 || error.status === 401) continue;
    }
    await spool.remove(finish);
  }
  return delivered;
}
