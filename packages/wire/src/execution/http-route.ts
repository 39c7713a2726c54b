import type { ExecutionContract } from "./execution-contract.ts";

export type ExecutionMethod = keyof ExecutionContract;

// A record, so that a call which is added to the contract alone does not compile here.
const travelling: Readonly<Record<ExecutionMethod, true>> = {
  appendLogs: true,
  claim: true,
  ended: true,
  fetchValue: true,
  finish: true,
  getArtifact: true,
  getConnection: true,
  getPart: true,
  getVariable: true,
  heartbeat: true,
  missingParts: true,
  openParseSession: true,
  publish: true,
  pullXCom: true,
  pushXCom: true,
  putPart: true,
  registerWorker: true,
  release: true,
};

/** The calls of the execution contract that travel over HTTP: all of them. */
export const executionMethods = Object.keys(travelling) as readonly ExecutionMethod[];

/**
 * Where a call goes: `POST /execution/v1/claim` with a bearer token. The body is `packMessage(ExecutionCall)`, the answer
 * `packMessage(ExecutionAnswer)`, also for errors; an error's HTTP status is the catalogue's.
 */
export const executionPath = (method: ExecutionMethod): string => `/execution/v1/${method}`;

/** The arguments in the contract's order, without the `AbortSignal`: whoever stops waiting closes the connection. */
export interface ExecutionCall {
  readonly args: readonly unknown[];
}

/** `result` is null where the contract says nothing comes back. `error`: a code of the catalogue and its data. */
export type ExecutionAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: string; readonly data: Readonly<Record<string, unknown>> } };
