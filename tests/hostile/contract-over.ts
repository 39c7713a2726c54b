import { AirloomError, type ErrorCode } from "@airloom/core";
import type { ExecutionContract } from "@airloom/wire";

type Method = keyof ExecutionContract;

const methods: readonly Method[] = [
  "registerWorker",
  "claim",
  "heartbeat",
  "finish",
  "ended",
  "release",
  "appendLogs",
  "fetchValue",
  "getVariable",
  "getConnection",
  "pullXCom",
  "pushXCom",
  "getArtifact",
  "getPart",
  "openParseSession",
  "missingParts",
  "putPart",
  "publish",
];

export interface Call {
  readonly kind: "call";
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

export type Answer = { readonly kind: "answer"; readonly id: number } & (
  | { readonly result: unknown }
  | { readonly error: { readonly code: string | null; readonly data: object; readonly message: string } }
);

/** The far side of the contract, asked over the channel to the parent process. */
export function contractOver(send: (call: Call) => void): ExecutionContract {
  const waiting = new Map<number, (answer: Answer) => void>();
  let lastId = 0;
  process.on("message", (message: Answer) => {
    if (message.kind !== "answer") return;
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  const ask =
    (method: Method) =>
    (...given: readonly unknown[]): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const args = given.filter((one) => !(one instanceof AbortSignal));
        lastId += 1;
        waiting.set(lastId, (answer) => ("error" in answer ? reject(errorOf(answer.error)) : resolve(answer.result)));
        send({ kind: "call", id: lastId, method, args });
      });
  return Object.fromEntries(methods.map((method) => [method, ask(method)])) as unknown as ExecutionContract;
}

function errorOf({ code, data, message }: Extract<Answer, { error: unknown }>["error"]): Error {
  return code === null ? new Error(message) : new AirloomError(code as ErrorCode, data as Record<string, unknown>);
}

/** Answers a call out of the contract itself. */
export async function answerCall(contract: ExecutionContract, { id, method, args }: Call): Promise<Answer> {
  try {
    const call = contract[method] as (...given: readonly unknown[]) => Promise<unknown>;
    return { kind: "answer", id, result: await call(...args) };
  } catch (error) {
    const known = error instanceof AirloomError;
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "answer", id, error: { code: known ? error.code : null, data: known ? error.data : {}, message } };
  }
}
