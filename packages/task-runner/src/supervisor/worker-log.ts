import type { JsonObject } from "@airloom/core";
import type { LogLevel } from "@airloom/wire";

/** Where a worker tells its operator what is out of the ordinary. */
export type WorkerLog = (level: LogLevel, msg: string, fields?: JsonObject) => void;

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
