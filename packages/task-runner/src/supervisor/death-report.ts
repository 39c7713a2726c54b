import type { FailureReport } from "@airloom/wire";
import type { Exit } from "./task-process.ts";
import type { WorkerSettings } from "./worker-settings.ts";

const outOfMemory =
  /JavaScript heap out of memory|std::bad_alloc|Allocation failed|Cannot allocate memory|out of memory/i;

/** Why a child that reported nothing is gone, for a person. An exit code is never a verdict: code 0 is a failure too. */
export function deathReport(
  { code, signal, error, broke }: Exit,
  stderrTail: string,
  { childHeapBytes, childDataBytes }: WorkerSettings,
): FailureReport {
  const facts = {
    stack: null,
    location: null,
    ...(signal !== null && { signal }),
    ...(code !== null && { exitCode: code }),
  };
  if (error)
    return {
      ...facts,
      kind: "exit",
      name: "NotStarted",
      message: `The task's process did not start: ${error.message}`,
    };
  if (broke !== null)
    return {
      ...facts,
      kind: "signal",
      name: "BrokenChannel",
      message: `The task wrote to the channel between its process and Airloom, and was killed: ${broke}. Use only file descriptors that it opened itself.`,
    };
  // V8 aborts, or dies on an illegal instruction, when it has no memory; the text tells it from other aborts.
  if (outOfMemory.test(stderrTail) && code !== 0) {
    const limits = [limitWords("heap", childHeapBytes), limitWords("data", childDataBytes)].filter(
      (text) => text !== "",
    );
    const limit = limits.length > 0 ? ` (${limits.join(", ")})` : "";
    const message = `The task's process ran out of memory${limit} and ended by ${endWords(code, signal)}. Work on less at a time, or give tasks more memory.`;
    return { ...facts, kind: "out_of_memory", name: "OutOfMemory", message };
  }
  if (signal !== null)
    return {
      ...facts,
      kind: "signal",
      name: signal,
      message: `The task's process was ended by ${signal}${likely(signal)}.`,
    };
  const message = `The task's process ended by itself with exit code ${code} before the task's function had returned. Return from the function, or throw, instead of calling process.exit().`;
  return { ...facts, kind: "exit", name: "ProcessExit", message };
}

const limitWords = (what: string, bytes: number | null): string =>
  bytes === null ? "" : `${what} limit ${Math.round(bytes / 1024 / 1024)} MiB`;

const endWords = (code: number | null, signal: string | null): string => signal ?? `exit code ${code}`;

const likely = (signal: string): string => {
  if (signal === "SIGKILL")
    return ", which Airloom did not send: most likely the kernel, for lack of memory, or a person";
  return signal === "SIGSEGV" || signal === "SIGBUS" ? ": most likely a fault in a native package" : "";
};
