import { AirloomError, type ErrorCode, errors } from "@airloom/core";
import { messageMediaType, packMessage, unpackMessage } from "../codec/message.ts";
import type { ExecutionContract } from "./execution-contract.ts";
import { type ExecutionAnswer, type ExecutionMethod, executionMethods, executionPath } from "./http-route.ts";
import type { ClaimRequest } from "./workload.ts";

export interface HttpExecutionOptions {
  /** Of the API server: `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  /** The supervisor's token. Asked for each call, so that it may be renewed. */
  readonly token: () => string;
  /** Default: the global `fetch`, which keeps connections open and opens one more while others wait. */
  readonly fetch?: typeof fetch;
  /**
   * Longest wait for an answer, ms; a claim may take its `waitMs` more, a large body the time it needs on a slow line. Default 10,000:
   * a connection that is dead in silence must not hold up what is sent over it for long.
   */
  readonly timeoutMs?: number;
}

/**
 * The execution contract over HTTP. Every call may be repeated: a lost answer shows as UNAVAILABLE, never as a refusal.
 * @throws AirloomError what the API refused with; UNAVAILABLE when no answer came.
 * @example const contract = createHttpExecution({ baseUrl: "http://127.0.0.1:8080", token: () => token });
 */
export function createHttpExecution(options: HttpExecutionOptions): ExecutionContract {
  const contract: Partial<Record<ExecutionMethod, (...args: readonly unknown[]) => Promise<unknown>>> = {};
  for (const method of executionMethods) contract[method] = (...args) => call(options, { method, args });
  contract.claim = (request, signal) =>
    call(options, {
      method: "claim",
      args: [request],
      signal: signal as AbortSignal | undefined,
      extraMs: (request as ClaimRequest).waitMs,
    });
  return contract as unknown as ExecutionContract;
}

const defaultTimeoutMs = 10_000;
const slowLineBytesPerMs = 100;
/** Answers may be as large as an artifact. */
const bulky: ReadonlySet<ExecutionMethod> = new Set(["getArtifact", "getPart", "fetchValue", "pullXCom"]);
const bulkyTimeoutMs = 60_000;

interface Call {
  readonly method: ExecutionMethod;
  readonly args: readonly unknown[];
  readonly signal?: AbortSignal | undefined;
  readonly extraMs?: number;
}

async function call(options: HttpExecutionOptions, { method, args, signal, extraMs = 0 }: Call): Promise<unknown> {
  const body = packMessage({ args }) as Uint8Array<ArrayBuffer>;
  const { timeoutMs = bulky.has(method) ? bulkyTimeoutMs : defaultTimeoutMs } = options;
  const timeout = AbortSignal.timeout(Math.ceil(timeoutMs + extraMs + body.length / slowLineBytesPerMs));
  const response = await send(options, method, {
    method: "POST",
    headers: { authorization: `Bearer ${options.token()}`, "content-type": messageMediaType },
    body,
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  });
  const answer = readAnswer(response);
  if ("error" in answer) throw errorOf(answer.error, response.status);
  return answer.result;
}

interface Answered {
  readonly status: number;
  readonly bytes: Uint8Array;
}

async function send(options: HttpExecutionOptions, method: ExecutionMethod, init: RequestInit): Promise<Answered> {
  const url = new URL(executionPath(method), options.baseUrl);
  try {
    const response = await (options.fetch ?? fetch)(url, init);
    return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) };
  } catch (cause) {
    const words = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : cause;
    throw unavailable(`the API at ${options.baseUrl} did not answer ${method}: ${words}`, cause);
  }
}

function readAnswer({ status, bytes }: Answered): ExecutionAnswer {
  try {
    const answer = unpackMessage(bytes);
    if (typeof answer === "object" && answer !== null && ("result" in answer || "error" in answer))
      return answer as ExecutionAnswer;
  } catch {
    // Not ours: a proxy's page, or an answer that was cut.
  }
  throw unavailable(`something between worker and API answered with status ${status}, not with a message`);
}

/** A code this version does not know keeps its class: what the server may heal is tried again, a refusal is one. */
function errorOf({ code, data }: Extract<ExecutionAnswer, { error: unknown }>["error"], status: number): AirloomError {
  if (Object.hasOwn(errors, code)) return new AirloomError(code as ErrorCode, data);
  return status >= 500 ? unavailable(`the API answered ${code}`) : new AirloomError("BAD_REQUEST", { reason: code });
}

const unavailable = (reason: string, cause?: unknown): AirloomError =>
  new AirloomError("UNAVAILABLE", { reason }, { cause });
