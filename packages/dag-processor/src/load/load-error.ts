import type { ImportError } from "@airloom/wire";
import type { LoadFailure } from "../protocol/messages.ts";
import type { LoadOutcome } from "./parse-child.ts";
import { mapStack } from "./positions.ts";

export interface LoadedFile {
  /** As shown to people: `dags/orders.ts`. */
  readonly shownName: string;
  /** Absolute path of the bundle, and its source map. */
  readonly entry: string;
  readonly map: string;
  readonly timeoutMs: number;
  readonly memoryLimitMb: number;
}

type Unloaded = Exclude<LoadOutcome, { kind: "loaded" }>;

/** Why a file did not load, in words an author can act on. */
export function loadError(outcome: Unloaded, file: LoadedFile): ImportError {
  switch (outcome.kind) {
    case "failed":
      return failureError(outcome.failure, file);
    case "timeout":
      return {
        kind: "timeout",
        message: `The file had not loaded after ${file.timeoutMs / 1_000} s.`,
        location: file.shownName,
        stack: null,
        hint: "Look for an endless loop, an `await` that never ends, or slow work at the top of the file: it belongs in a task.",
      };
    case "garbled":
      return {
        kind: "exit",
        message: `The file broke the process that loads it: ${outcome.problem}.`,
        location: file.shownName,
        stack: outcome.output || null,
        hint: `Do not touch file descriptors that the file did not open.`,
      };
    case "died":
      return deathError(outcome, file);
    default:
      return outcome satisfies never;
  }
}

const memoryWords = /out of memory|allocation failed|bad_alloc|cannot allocate memory/i;

function deathError({ code, signal, output }: Extract<Unloaded, { kind: "died" }>, file: LoadedFile): ImportError {
  if (memoryWords.test(output)) return memoryError(output, file);
  const how = signal ? `signal ${signal}` : `code ${code}`;
  return {
    kind: "exit",
    message: `The process exited during import (${how}).`,
    location: file.shownName,
    stack: output || null,
    hint: "Remove calls that end the process, or native code that crashes; throw an error instead.",
  };
}

const memoryError = (stack: string, file: LoadedFile, location = file.shownName): ImportError => ({
  kind: "memory",
  message: `The file needed more than ${file.memoryLimitMb} MB of memory to load.`,
  location,
  stack: stack || null,
  hint: "Load large data in a task, not at the top of the file.",
});

function failureError(failure: LoadFailure, file: LoadedFile): ImportError {
  const { location, stack } = mapStack(textOr(failure.stack), file.entry, file.map);
  if (failure.kind === "memory") return memoryError(stack ?? "", file, location ?? file.shownName);
  const message = textOr(failure.message) ?? "";
  const name = textOr(failure.name) ?? "Error";
  return {
    kind: kinds.includes(failure.kind) ? failure.kind : "throw",
    message: failure.kind === "throw" ? `${name}: ${message}` : message,
    location: location ?? file.shownName,
    stack,
    hint: textOr(failure.hint) ?? (location === null ? hints.nowhere : null),
  };
}

const hints = { nowhere: "The error does not say where it arose: throw an `Error` that has a stack." } as const;

const kinds: readonly string[] = ["throw", "resolve", "spec", "duplicate", "nondeterministic", "limit"];

/** The child is not trusted to send what it says it sends. */
const textOr = (value: unknown): string | null => (typeof value === "string" ? value : null);
