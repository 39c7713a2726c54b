import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessorEvent } from "@airloom/dag-processor";
import { builtFile, builtProgram, memoryExecution } from "@airloom/testkit";
import { root } from "../../support/built-airloom.ts";
import { answerCall, type Call } from "./contract-over.ts";
import type { ProcessorStart } from "./processor-program.ts";

type Message = Call | { readonly kind: "event"; readonly event: ProcessorEvent } | { readonly kind: "started" };

/** What a processor said of a file, and when (`performance.now()`). */
export interface FileEvent {
  readonly event: Extract<ProcessorEvent, { kind: "parsed" | "broken" }>;
  readonly at: number;
}

/** The control half of the contract over a store in memory. */
export type ControlHalf = ReturnType<typeof memoryExecution>;

/** One dag-processor in its process, as its control plane sees it. */
export class ProcessorProcess implements AsyncDisposable {
  readonly control: ControlHalf;
  /** The last word on each file. */
  readonly said = new Map<string, FileEvent>();
  readonly troubles: string[] = [];
  readonly exited: Promise<void>;
  /** What it wrote to its own standard error: nothing, when all is well. */
  stderr = "";
  hasExited = false;
  readonly #process: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #idles = 0;

  private constructor(child: ChildProcess, control: ControlHalf) {
    this.#process = child;
    this.control = control;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    child.on("message", (message: Message) => this.#receive(message));
    this.exited = new Promise((resolve) => {
      child.once("exit", () => {
        this.hasExited = true;
        this.#changed();
        resolve();
      });
    });
  }

  /** @param control Default: a new one, which knows nothing. */
  static async start(
    start: Omit<ProcessorStart, "childPath" | "cacheDir">,
    control: ControlHalf = memoryExecution(),
  ): Promise<ProcessorProcess> {
    const program = await builtProgram(join(root, "tests/hostile/files/processor-program.ts"));
    const childPath = await builtFile("parse-child");
    const given: ProcessorStart = { ...start, childPath, cacheDir: join(start.projectDir, ".airloom/cache") };
    const child = fork(program, [JSON.stringify(given)], {
      serialization: "advanced",
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    return new ProcessorProcess(child, control);
  }

  /** Resident memory, MiB: now, and at its highest. */
  memory(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, "latin1");
    const mib = (name: string): number => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
    return { now: mib("VmRSS"), peak: mib("VmHWM") };
  }

  /** How often it had nothing left to do. */
  get idles(): number {
    return this.#idles;
  }

  /** Waits for what it says. @returns false when it did not come within `ms`. */
  async until(isSo: () => boolean, ms: number): Promise<boolean> {
    if (isSo()) return true;
    return new Promise((resolve) => {
      const end = (result: boolean): void => {
        clearTimeout(timer);
        this.#watchers.delete(watch);
        resolve(result);
      };
      const watch = (): void => {
        if (isSo() || this.hasExited) end(isSo());
      };
      const timer = setTimeout(() => end(isSo()), ms);
      this.#watchers.add(watch);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.hasExited) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await exit;
  }

  #receive(message: Message): void {
    if (message.kind === "call") void this.#answer(message);
    if (message.kind === "event") this.#note(message.event);
    this.#changed();
  }

  async #answer(call: Call): Promise<void> {
    const answer = await answerCall(this.control.execution, call);
    if (this.#process.connected) this.#process.send(answer);
  }

  #note(event: ProcessorEvent): void {
    if (event.kind === "idle") this.#idles += 1;
    if (event.kind === "trouble") this.troubles.push(event.message);
    if (event.kind === "parsed" || event.kind === "broken") this.said.set(event.file, { event, at: performance.now() });
  }

  #changed(): void {
    for (const watch of [...this.#watchers]) watch();
  }
}
