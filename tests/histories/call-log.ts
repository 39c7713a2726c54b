import { AirloomError } from "@airloom/core";
import type { Call, Row } from "./history.ts";

/** An error of a transaction that nothing done to it from outside explains. */
export interface OddError {
  readonly actor: string;
  readonly message: string;
}

/** What callers asked for and what they were told. */
export interface CallLog {
  readonly calls: Call[];
  readonly odd: OddError[];
  /** Times that a connection broke under a caller. */
  broken: number;
  /** Does it, and writes down how it went; `answer` says what is worth keeping. Null when it failed or its outcome is not known. */
  call<T>(
    name: { readonly caller: string; readonly verb: string; readonly args: Row },
    work: () => Promise<T>,
    answer: (result: T) => unknown,
  ): Promise<T | null>;
  /** An error that came out of a transaction. */
  failed(actor: string, error: unknown): void;
}

export function createCallLog(): CallLog {
  const log: CallLog = {
    calls: [],
    odd: [],
    broken: 0,
    async call({ caller, verb, args }, work, answer) {
      const from = Date.now();
      const end = (result: Call["result"], told: unknown) =>
        void log.calls.push({ caller, verb, args, from, to: Date.now(), result, answer: told });
      try {
        const result = await work();
        end("ok", answer(result));
        return result;
      } catch (error) {
        end(isUnknown(error) ? "unknown" : "fail", messageOf(error));
        return null;
      }
    },
    failed(actor, error) {
      if (isLost(error)) log.broken += 1;
      else if (!isExpected(error)) log.odd.push({ actor, message: messageOf(error) });
    },
  };
  return log;
}

const isLost = (error: unknown): boolean => error instanceof AirloomError && error.code === "DATABASE_UNREACHABLE";

const isUnknown = (error: unknown): boolean =>
  error instanceof AirloomError && error.code === "DATABASE_UNREACHABLE" && error.data.outcome === "unknown";

/** How a finish undoes its transaction: it is stale, or what it knew of its run is. */
const undone: ReadonlySet<string> = new Set(["stale finishes", "the run has changed"]);

/** Callers are told in words what they may not do. */
const isExpected = (error: unknown): boolean =>
  error instanceof AirloomError
    ? error.code === "ATTEMPT_FENCED" || error.code === "NOT_FOUND"
    : error instanceof Error && undone.has(error.message);

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
