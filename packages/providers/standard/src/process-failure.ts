import type { ProcessEnd } from "./run-process.ts";

/** A process that ended badly. */
export class ProcessError extends Error {
  readonly exitCode: number | null;
  readonly signal: string | null;

  constructor(name: string, { exitCode, signal, lastLine }: ProcessEnd) {
    const last = lastLine.stderr || lastLine.stdout;
    super(`${name} ${howItEnded(exitCode, signal)}${last ? `: ${last.slice(0, 500)}` : "."}`);
    this.name = "ProcessError";
    this.exitCode = exitCode;
    this.signal = signal;
  }
}

function howItEnded(exitCode: number | null, signal: string | null): string {
  if (signal === "SIGKILL") return "was killed by SIGKILL, perhaps because memory ran out";
  return signal ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
}
