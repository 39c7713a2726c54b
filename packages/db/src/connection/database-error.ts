import { AirloomError } from "@airloom/core";
import pg from "pg";

const deadlock = "40P01";
const serializationFailure = "40001";
const lockNotAvailable = "55P03";
const queryCancelled = "57014";
const transactionAborted = "25P02";
const overtaken = new Set(["run_has_version", "task_instance_token"]);
const badText = new Set(["22021", "22P05"]);

/**
 * Whether the transaction may be run again as it is: PostgreSQL chose it as the victim of a deadlock, the version that its run is
 * to be pinned to was replaced between reading it and inserting the run, or a token of its claim has an attempt, perhaps since a
 * moment ago.
 */
export const isTransient = (error: unknown): boolean =>
  error instanceof pg.DatabaseError &&
  (error.code === deadlock ||
    error.code === serializationFailure ||
    (error.constraint !== undefined && overtaken.has(error.constraint)));

/** Whether this only says that an earlier statement of the transaction failed. */
export const isAftermath = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === transactionAborted;

/**
 * Whether the connection is of no more use: it broke, or the server ends it (classes 08, 57P and 53: shutdown, crash, too many
 * clients, out of memory).
 */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(08|57P|53)/.test(error.code ?? "") || error.severity === "FATAL";
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return (
    (code !== undefined && /^(E[A-Z]+|ERR_SOCKET|ERR_STREAM)/.test(code) && !code.startsWith("ERR_A")) ||
    /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout e(xpired|xceeded))/.test(
      error.message,
    )
  );
}

/** Whether the server, and nothing that the transaction did, is the reason: whoever wraps it in words of their own must not hide it. */
export const isOfServer = (error: unknown): boolean =>
  isTransient(error) || isConnectionLoss(error) || isOverload(error);

const isOverload = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === lockNotAvailable || error.code === queryCancelled);

/** The error as callers see it: of the catalogue where it says what to do, else as it is. */
export function asAirloomError(error: unknown, outcome: "undone" | "unknown"): unknown {
  if (error instanceof AirloomError) return error;
  if (isConnectionLoss(error)) {
    return new AirloomError("DATABASE_UNREACHABLE", { reason: messageOf(error), outcome }, { cause: error });
  }
  if (!(error instanceof pg.DatabaseError)) return error;
  if (isOverload(error)) {
    return new AirloomError("DATABASE_OVERLOADED", { reason: error.message }, { cause: error });
  }
  if (badText.has(error.code ?? "")) {
    return new AirloomError("VALIDATION", { reason: "Text with a NUL character cannot be stored" }, { cause: error });
  }
  return error;
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message || error.name : String(error);
