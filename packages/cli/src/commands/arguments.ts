import { closeSync, openSync, readSync } from "node:fs";
import { AirloomError } from "@airloom/core";
import { InvalidArgumentError } from "commander";

/** A whole number of at least `least`, for commander. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value))
      throw new InvalidArgumentError("A whole number is needed.");
    if (value < least) throw new InvalidArgumentError(`At least ${least} is needed.`);
    return value;
  };

/**
 * An instant as ISO text in UTC. A date alone is its midnight; a time without zone counts as UTC (as Airflow's default).
 * @example instant("2026-01-02") // "2026-01-02T00:00:00.000Z"
 */
export function instant(text: string): string {
  const hasTime = /\dT\d|\d \d/.test(text);
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text);
  const at = new Date(hasTime && !hasZone ? `${text.replace(" ", "T")}Z` : text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(at.getTime()))
    throw new InvalidArgumentError("A date is needed, such as 2026-01-31 or 2026-01-31T06:00:00Z.");
  return at.toISOString();
}

/** JSON from text, from a file (`@name`), or from standard input (`-`). */
export function jsonValue(text: string): unknown {
  const source = text === "-" ? readInput() : text.startsWith("@") ? readText(text.slice(1)) : text;
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new InvalidArgumentError(`It is not JSON: ${(error as Error).message}`);
  }
}

/** As `jsonValue`; an object. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  const value = jsonValue(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidArgumentError("It must be a JSON object, such as '{\"rows\": 10}'.");
}

/** A regular expression for ids. */
export function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new InvalidArgumentError("It is not a regular expression.");
  }
}

/** @throws CLI_USAGE naming the file. */
function readText(file: string): string {
  try {
    const descriptor = openSync(file, "r");
    try {
      return readAll(descriptor, file);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof AirloomError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const reason =
      code === "ENOENT" ? "it does not exist" : code === "EISDIR" ? "it is a folder" : (error as Error).message;
    throw new AirloomError("CLI_USAGE", { reason: `File ${file} cannot be read: ${reason}.` });
  }
}

/** All of standard input, at once: arguments are parsed before anything may wait. */
const readInput = (): string => readAll(0, "standard input");

/** Nothing that a command takes as JSON is larger, bytes; some files of the system never end. */
const mostBytes = 67_108_864;

/** @throws CLI_USAGE for what is too large. */
function readAll(descriptor: number, name: string): string {
  const chunks: Buffer[] = [];
  for (let total = 0; ; ) {
    const chunk = Buffer.alloc(65_536);
    const length = readChunk(descriptor, chunk);
    if (length === 0) return Buffer.concat(chunks).toString("utf8");
    if (length < 0) continue;
    chunks.push(chunk.subarray(0, length));
    total += length;
    if (total > mostBytes) throw new AirloomError("CLI_USAGE", { reason: `${name} is larger than 64 MiB.` });
  }
}

/** Bytes read; 0 at the end, -1 when there is nothing yet. */
function readChunk(descriptor: number, chunk: Buffer): number {
  try {
    return readSync(descriptor, chunk);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EOF") return 0;
    if (code !== "EAGAIN") throw error;
    // Whoever writes may be slow: look again in a moment, without using a processor meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    return -1;
  }
}

/** A file of one JSON object, as `export` writes them. */
export function readJsonFile(file: string): Readonly<Record<string, unknown>> {
  const text = file === "-" ? readInput() : readText(file);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new AirloomError("CLI_USAGE", { reason: `File ${file} is not JSON: ${(error as Error).message}.` });
  }
  throw new AirloomError("CLI_USAGE", { reason: `File ${file} must hold one JSON object, one entry per id.` });
}
