import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { AirloomError } from "@airloom/core";
import { packFrame, readFrames } from "../protocol/frames.ts";
import {
  type ChildMessage,
  channelFd,
  type LoadFailure,
  type LoadRequest,
  parseProtocol,
} from "../protocol/messages.ts";
import type { ChildCommand } from "./child-command.ts";
import { childMark, killLeftOf, newMark } from "./left-processes.ts";

/** How one look at a file ended. */
export type LoadOutcome = {
  /** What the file printed, cut. */
  readonly output: string;
} & (
  | {
      readonly kind: "loaded";
      readonly dags: readonly { readonly dagId: string; readonly spec: unknown }[];
      /** Of the top of the file: see `LoadRequest.opposite`. */
      readonly chances: readonly number[] | null;
      readonly clean: boolean;
    }
  | { readonly kind: "failed"; readonly failure: LoadFailure }
  | { readonly kind: "timeout" }
  | { readonly kind: "died"; readonly code: number | null; readonly signal: string | null }
  /** It wrote to the channel what is no message of ours. */
  | { readonly kind: "garbled"; readonly problem: string }
);

export interface ParseChild {
  readonly pid: number;
  /** Loads one file. A child whose outcome is not `loaded` and `clean` is gone afterwards. */
  load(request: Omit<LoadRequest, "id">, timeoutMs: number): Promise<LoadOutcome>;
  /** Kills it and all it started; resolves when it is gone. */
  kill(): Promise<void>;
}

export interface ChildStart extends ChildCommand {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const maxOutput = 8_192;
const maxFrameBytes = 256 * 1024 * 1024;
const startMs = 30_000;

type Ending = Pick<ChildProcess, "exitCode" | "signalCode">;

/** Starts a child and waits until it is ready. @throws AirloomError UNAVAILABLE when it does not start: no file's fault. */
export async function startParseChild(start: ChildStart): Promise<ParseChild> {
  const mark = newMark();
  // Its own group: what a file started goes with it, unless it left the group; then its mark tells.
  const child = spawn(start.command, start.args, {
    cwd: start.cwd,
    env: { ...start.env, [childMark]: mark },
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const life = follow(child, mark);
  try {
    const first = await life.next(startMs);
    const isReady =
      first.kind === "message" && first.message.kind === "ready" && first.message.protocol === parseProtocol;
    if (!isReady)
      throw unavailable(`the process that loads Dag files did not start: ${wordsFor(first)} ${life.takeOutput()}`);
  } catch (error) {
    await life.kill();
    throw error;
  }
  let nextId = 1;
  return {
    pid: child.pid as number,
    kill: life.kill,
    async load(request, timeoutMs) {
      const id = nextId++;
      life.takeOutput();
      life.send({ ...request, id });
      const event = await life.next(timeoutMs);
      const clean = event.kind === "message" && event.message.kind === "loaded" && event.message.leftovers.length === 0;
      if (!clean) await life.kill();
      // What was printed before the message may still be on its way.
      else await new Promise((resolve) => setImmediate(resolve));
      return { ...outcomeOf(event, id), output: life.takeOutput() };
    },
  };
}

type LifeEvent =
  | { readonly kind: "message"; readonly message: ChildMessage }
  | { readonly kind: "exit"; readonly ending: Ending }
  | { readonly kind: "garbled"; readonly problem: string }
  | { readonly kind: "timeout" };

type Outcome = LoadOutcome extends infer O ? (O extends unknown ? Omit<O, "output"> : never) : never;

function outcomeOf(event: LifeEvent, id: number): Outcome {
  if (event.kind === "timeout") return { kind: "timeout" };
  if (event.kind === "exit") return { kind: "died", code: event.ending.exitCode, signal: event.ending.signalCode };
  if (event.kind === "garbled") return event;
  const { message } = event;
  if (message.kind === "loaded" && message.id === id && Array.isArray(message.dags)) {
    const chances = Array.isArray(message.chances) ? message.chances : null;
    return { kind: "loaded", dags: message.dags, chances, clean: message.leftovers.length === 0 };
  }
  if (message.kind === "failed" && message.id === id) return { kind: "failed", failure: message.failure };
  return { kind: "garbled", problem: "an answer to another question" };
}

/** Turns what comes from a child into one event after another. */
function follow(child: ChildProcess, mark: string) {
  const events: LifeEvent[] = [];
  let listen: (() => void) | null = null;
  let output = "";
  const tell = (event: LifeEvent): void => {
    events.push(event);
    listen?.();
  };
  const exited = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      output += error.message;
      tell({ kind: "exit", ending: child });
      resolve();
    });
    // "close" comes after all output was read, but never while a grandchild holds the pipes.
    child.once("exit", () => setImmediate(() => setImmediate(() => resolve(tell({ kind: "exit", ending: child })))));
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      if (output.length < maxOutput) output += chunk.toString().slice(0, maxOutput - output.length);
    });
    stream?.on("error", () => undefined);
  }
  const channel = child.stdio[channelFd] as Duplex;
  followChannel(channel, tell);
  const kill = async (): Promise<void> => {
    killGroup(child);
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) await exited;
    killLeftOf(mark);
    for (const stream of [channel, child.stdout, child.stderr]) stream?.destroy();
  };
  return {
    send: (request: LoadRequest): unknown => channel.write(packFrame(request)),
    kill,
    takeOutput() {
      const taken = output;
      output = "";
      return taken;
    },
    async next(timeoutMs: number): Promise<LifeEvent> {
      const waiting = new Promise<void>((resolve) => {
        listen = resolve;
      });
      const timer = setTimeout(() => tell({ kind: "timeout" }), timeoutMs);
      if (events.length === 0) await waiting;
      clearTimeout(timer);
      listen = null;
      return events.shift() as LifeEvent;
    },
  };
}

function followChannel(channel: Duplex, tell: (event: LifeEvent) => void): void {
  const read = readFrames(maxFrameBytes);
  channel.on("data", (chunk: Buffer) => {
    try {
      for (const message of read(chunk)) tell({ kind: "message", message: checked(message) });
    } catch (error) {
      tell({ kind: "garbled", problem: error instanceof Error ? error.message : String(error) });
      channel.destroy();
    }
  });
  channel.on("error", () => undefined);
  channel.once("end", () => {
    // A child that exits says so itself, a moment later.
    setTimeout(() => tell({ kind: "garbled", problem: "the channel was closed" }), 1_000).unref();
  });
}

const kinds = ["ready", "loaded", "failed"];

function checked(message: unknown): ChildMessage {
  const { kind, leftovers = [], failure = {} } = message as Readonly<Record<string, unknown>>;
  if (typeof kind !== "string" || !kinds.includes(kind)) throw new Error("a message of no known kind");
  if (!Array.isArray(leftovers) || typeof failure !== "object" || failure === null)
    throw new Error("a malformed message");
  return message as ChildMessage;
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}

const wordsFor = (event: LifeEvent): string =>
  event.kind === "exit"
    ? `it ended (${event.ending.signalCode ?? `exit code ${event.ending.exitCode}`}).`
    : `${event.kind}.`;

const unavailable = (reason: string): AirloomError => new AirloomError("UNAVAILABLE", { reason });
