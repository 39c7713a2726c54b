import { AirloomError, type JsonObject } from "@airloom/core";
import type { AttemptRef, ExecutionContract, XComQuery } from "@airloom/wire";
import type { ChildMessage, RequestAnswer } from "../protocol/messages.ts";
import { wordsOf } from "./worker-log.ts";

export type ChildRequestMessage = Extract<ChildMessage, { kind: "request" }>;

/** Passes a task's question on, in the name of its attempt. Never throws: a refusal is an answer. */
export async function askControlPlane(
  contract: ExecutionContract,
  attempt: AttemptRef,
  request: ChildRequestMessage,
): Promise<RequestAnswer> {
  try {
    const result = await ask(contract, attempt, request);
    return { ok: true, result: result ?? null };
  } catch (error) {
    const known = error instanceof AirloomError ? error : null;
    return { ok: false, code: known?.code ?? null, data: (known?.data ?? {}) as JsonObject, message: wordsOf(error) };
  }
}

function ask(contract: ExecutionContract, attempt: AttemptRef, { call, args }: ChildRequestMessage): Promise<unknown> {
  switch (call) {
    case "fetchValue":
      return contract.fetchValue(attempt, args[0] as string);
    case "getVariable":
      return contract.getVariable(attempt, args[0] as string);
    case "getConnection":
      return contract.getConnection(attempt, args[0] as string);
    case "pullXCom":
      return contract.pullXCom(attempt, args[0] as XComQuery);
    case "pushXCom":
      return contract.pushXCom(attempt, args[0] as string, args[1] as Uint8Array);
  }
}
