import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { LineSplitter } from "./line-splitter.ts";
import { ProcessGuard } from "./process-guard.ts";

export interface ProcessRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What the process reads; its input is empty without. */
  readonly input?: string;
  /** Collect what the process writes to file descriptor 3, up to so many bytes. */
  readonly resultBytes?: number;
  /** Aborting it ends the process group. */
  readonly signal: AbortSignal;
  /** From SIGTERM to SIGKILL. Default 5,000. */
  readonly graceMs?: number;
  /** Each line as it comes; a promise holds the process up. */
  readonly onLine: (source: "stdout" | "stderr", line: string) => void | Promise<void>;
}

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last line of each that is not blank, "" without one. */
  readonly lastLine: Readonly<Record<"stdout" | "stderr", string>>;
  /** What came over file descriptor 3. */
  readonly result: string;
}

/** How long output may stay silent after the process ended: something that left its group may hold the pipes for ever. */
const silenceMs = 1_000;

/** Most characters of output that become lines; the rest is read and dropped, so that the process is not held up. */
const mostOutput = 256 * 1024 * 1024;

/**
 * Runs a process in a group of its own to its end and leaves nothing of the group behind: not after a normal end, not after an
 * abort (SIGTERM, grace, SIGKILL), not when this process is killed.
 * @throws the signal's reason when it was aborted; Error when the command cannot be started or its result is too long.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessEnd> {
  request.signal.throwIfAborted();
  const guard = new ProcessGuard();
  try {
    return await runGuarded(request, guard);
  } finally {
    await guard.release();
  }
}

async function runGuarded(request: ProcessRequest, guard: ProcessGuard): Promise<ProcessEnd> {
  const child = spawnProcess(request);
  // At once: until then the group would outlive this process.
  if (child.pid !== undefined) guard.watch(child.pid);
  await started(child, request);
  const group = child.pid as number;
  const exit = new Promise<Pick<ProcessEnd, "exitCode" | "signal">>((resolve) => {
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const stopEnding = endOnAbort(group, request);
  const readers = startReaders(child, request);
  feed(child.stdin, request.input);
  try {
    const ended = await exit;
    killGroup(group, "SIGKILL");
    const { lastLine, result } = await readers.finish();
    request.signal.throwIfAborted();
    return { ...ended, lastLine, result };
  } finally {
    stopEnding();
    killGroup(group, "SIGKILL");
  }
}

function spawnProcess({ command, args, cwd, env, resultBytes }: ProcessRequest): ChildProcess {
  const result = resultBytes === undefined ? "ignore" : "pipe";
  return spawn(command, [...args], { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe", result] });
}

const started = (child: ChildProcess, { command, cwd }: ProcessRequest): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error: NodeJS.ErrnoException) => reject(startError(error, command, cwd)));
  });

function startError(error: NodeJS.ErrnoException, command: string, cwd: string): Error {
  const reason =
    error.code === "ENOENT"
      ? `either it is not on the PATH of this worker, or the directory ${cwd} does not exist`
      : error.message;
  return new Error(`"${command}" could not be started: ${reason}.`, { cause: error });
}

/** Ends the group when the signal asks for it. Returns how to stop that. */
function endOnAbort(group: number, { signal, graceMs = 5_000 }: ProcessRequest): () => void {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    killGroup(group, "SIGTERM");
    timer = setTimeout(() => killGroup(group, "SIGKILL"), graceMs);
  };
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  };
}

function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // Nothing of the group is left.
  }
}

function feed(stdin: Writable | null, input: string | undefined): void {
  // A process need not read what it was given.
  stdin?.on("error", () => undefined);
  stdin?.end(input ?? "");
}

interface Readers {
  /** Reads what is left, and gives up on pipes that stay open and silent. */
  finish(): Promise<Pick<ProcessEnd, "lastLine" | "result">>;
}

function startReaders(child: ChildProcess, request: ProcessRequest): Readers {
  const lastLine = { stdout: "", stderr: "" };
  const read = (source: "stdout" | "stderr"): Pump => {
    const splitter = new LineSplitter((line) => {
      if (line.trim() !== "") lastLine[source] = line;
      return request.onLine(source, line);
    });
    return new Pump(child[source] as Readable, cappedWriter(splitter, source, request), () => splitter.end());
  };
  const pumps = [read("stdout"), read("stderr")];
  const chunks: Uint8Array[] = [];
  const resultPipe = child.stdio[3] as Readable | null;
  if (resultPipe) pumps.push(new Pump(resultPipe, collect(chunks, request.resultBytes ?? 0)));
  return {
    finish: async () => {
      await Promise.all(pumps.map((pump) => pump.finish()));
      return { lastLine, result: Buffer.concat(chunks).toString("utf8") };
    },
  };
}

function cappedWriter(splitter: LineSplitter, source: "stdout" | "stderr", { onLine }: ProcessRequest): Sink {
  let left = mostOutput;
  return async (chunk) => {
    const wasOpen = left > 0;
    if (wasOpen) await splitter.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (wasOpen && left <= 0) await onLine(source, `… (output cut: more than ${mostOutput / 1024 / 1024} MiB)`);
  };
}

function collect(chunks: Uint8Array[], limit: number): Sink {
  let bytes = 0;
  return (chunk) => {
    bytes += chunk.length;
    if (bytes > limit) throw new Error(`The result has more than ${limit} bytes; write large data to a file or store.`);
    chunks.push(chunk);
  };
}

type Sink = (chunk: Uint8Array) => void | Promise<void>;

/** Moves a stream into a sink at the sink's pace. */
class Pump {
  readonly #stream: Readable;
  readonly #done: Promise<void>;
  #busy = false;
  #chunks = 0;
  #failure: unknown = null;

  constructor(stream: Readable, sink: Sink, end: () => Promise<void> = async () => undefined) {
    this.#stream = stream;
    this.#done = this.#run(sink, end);
  }

  async #run(sink: Sink, end: () => Promise<void>): Promise<void> {
    try {
      for await (const chunk of this.#stream) {
        this.#busy = true;
        this.#chunks += 1;
        // After a failure the rest is read and dropped: the process must not hang on a full pipe.
        if (this.#failure === null) await this.#try(() => sink(chunk as Uint8Array));
        this.#busy = false;
      }
    } catch {
      // The pipe was closed from here.
    }
    await this.#try(end);
  }

  async #try(step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  async finish(): Promise<void> {
    let seen = this.#chunks;
    const timer = setInterval(() => {
      if (!this.#busy && this.#chunks === seen) this.#stream.destroy();
      seen = this.#chunks;
    }, silenceMs);
    await this.#done;
    clearInterval(timer);
    if (this.#failure !== null) throw this.#failure;
  }
}
