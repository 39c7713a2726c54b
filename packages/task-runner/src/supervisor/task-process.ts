import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { checkMessage } from "../protocol/check-message.ts";
import { frameReader, packFrame } from "../protocol/frames.ts";
import { type ChildMessage, channelFds, type SupervisorMessage } from "../protocol/messages.ts";
import { settlesWithin } from "./waiting.ts";

/** How a child ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The program could not be started at all. */
  readonly error: Error | null;
  /** It was killed for what came over its channel; null: it was not. */
  readonly broke: string | null;
}

export type IdleMessage = Extract<ChildMessage, { kind: "idle" }>;

/** Whoever has a child now hears of it. */
export interface ChildListener {
  message(message: ChildMessage): void;
  /** @returns how long the rest may wait, ms; 0 = not at all. */
  output(source: "stdout" | "stderr", chunk: Buffer): number;
}

export interface TaskProcessOptions {
  readonly command: readonly [string, readonly string[]];
  readonly environment: (childId: string) => Record<string, string>;
}

const lastWordsMs = 250;
/** A grandchild that goes on printing does not hold up the end. */
const mostSettleBytes = 4 * 1024 * 1024;

/** One child process with its channel: speaks frames, and knows when it has really ended. */
export class TaskProcess {
  readonly id = randomUUID();
  readonly ready: Promise<void>;
  readonly exited: Promise<Exit>;
  hasExited = false;
  /** What it said when it came to rest after its last attempt; null while one runs. */
  rest: IdleMessage | null = null;
  #outputBytes = 0;
  #isSettling = false;
  #broke: string | null = null;
  listener: ChildListener | null = null;
  readonly #process: ChildProcess;
  readonly #channel: Writable;
  #markReady: () => void = () => undefined;

  constructor({ command: [program, args], environment }: TaskProcessOptions) {
    this.#process = spawn(program, args, {
      // A session of its own: a signal to the terminal's group is for the supervisor, which stops in order.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      env: environment(this.id),
    });
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
    const { stdio } = this.#process;
    this.#channel = stdio[channelFds.toChild] as Writable;
    this.#channel.on("error", () => undefined);
    this.#read(stdio[channelFds.fromChild] as Readable);
    this.#listen("stdout", this.#process.stdout as Readable);
    this.#listen("stderr", this.#process.stderr as Readable);
    this.exited = this.#end(stdio[channelFds.fromChild] as Readable);
  }

  /** It has exited, though its last words may still be on their way. */
  get isEnding(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  send(message: SupervisorMessage): void {
    if (message.kind === "run") this.rest = null;
    if (!this.hasExited) this.#channel.write(packFrame(message));
  }

  /** Signals the child and whatever shares its process group. */
  kill(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Nobody is left in the group, or it did not come to lead one yet.
      if (!this.hasExited) this.#process.kill(signal);
    }
  }

  #read(stream: Readable): void {
    const read = frameReader();
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => {
      try {
        if (this.#broke === null) for (const message of read(chunk)) this.#receive(checkMessage(message));
      } catch (error) {
        // Author code wrote to the channel: nothing this child says can be trusted any more.
        this.#broke = error instanceof Error ? error.message : String(error);
        this.kill("SIGKILL");
      }
    });
  }

  #receive(message: ChildMessage): void {
    if (message.kind === "ready") this.#markReady();
    if (message.kind === "idle") this.rest = message;
    this.listener?.message(message);
  }

  #listen(source: "stdout" | "stderr", stream: Readable): void {
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => {
      this.#outputBytes += chunk.length;
      const waitMs = this.listener?.output(source, chunk) ?? 0;
      if (waitMs === 0 || this.#isSettling) return;
      stream.pause();
      setTimeout(() => stream.resume(), waitMs);
    });
  }

  /** Reads what the child printed so far, which is no more than its pipes hold. */
  async settleOutput(): Promise<void> {
    this.#isSettling = true;
    this.#process.stdout?.resume();
    this.#process.stderr?.resume();
    const most = this.#outputBytes + mostSettleBytes;
    for (let before = -1; before !== this.#outputBytes && this.#outputBytes < most; ) {
      before = this.#outputBytes;
      await new Promise(setImmediate);
    }
    this.#isSettling = false;
  }

  /**
   * Counts the exit of the process, never the end of its output: a grandchild may hold that open. Its own last words are
   * in the sockets by then, and the channel, which nobody inherits, says when they have been read.
   */
  async #end(channel: Readable): Promise<Exit> {
    const closed = new Promise((resolve) => channel.once("close", resolve));
    const exit = await new Promise<Exit>((resolve) => {
      this.#process.once("exit", (code, signal) => resolve({ code, signal, error: null, broke: this.#broke }));
      this.#process.once("error", (error) => {
        if (this.#process.pid === undefined) resolve({ code: null, signal: null, error, broke: null });
      });
    });
    await settlesWithin(closed, lastWordsMs);
    await new Promise(setImmediate);
    this.hasExited = true;
    this.kill("SIGKILL");
    for (const stream of [this.#process.stdout, this.#process.stderr]) stream?.destroy();
    return exit;
  }
}
