import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { builtProgram } from "@airloom/testkit";
import type { ExecutionContract } from "@airloom/wire";
import { root } from "../support/built-airloom.ts";
import { answerCall, type Call } from "./contract-over.ts";

interface Message {
  readonly kind: string;
}

/** A part of Airloom in a process of its own, whose far side is here. */
export class ProcessOverContract implements AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<void>;
  /** What it wrote to its own standard error: nothing, when all is well. */
  stderr = "";
  hasExited = false;
  readonly #process: ChildProcess;
  readonly #watchers = new Set<() => void>();

  protected constructor(child: ChildProcess, contract: ExecutionContract, receive: (message: Message) => void) {
    this.#process = child;
    this.pid = child.pid ?? 0;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    child.on("message", (message: Message) => {
      if (message.kind === "call") void this.#answer(contract, message as Call);
      else receive(message);
      this.changed();
    });
    this.exited = new Promise((resolve) => {
      child.once("exit", () => {
        this.hasExited = true;
        this.changed();
        resolve();
      });
    });
  }

  /** @param program relative to the repository. */
  static async fork(program: string, start: object): Promise<ChildProcess> {
    return fork(await builtProgram(join(root, program)), [JSON.stringify(start)], {
      serialization: "advanced",
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
  }

  /** Resident memory, MiB: now, and at its highest. */
  memory(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, "latin1");
    const mib = (name: string): number => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
    return { now: mib("VmRSS"), peak: mib("VmHWM") };
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

  protected changed(): void {
    for (const watch of [...this.#watchers]) watch();
  }

  async #answer(contract: ExecutionContract, call: Call): Promise<void> {
    const answer = await answerCall(contract, call);
    if (this.#process.connected) this.#process.send(answer, () => undefined);
    this.changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.hasExited) this.#process.kill("SIGTERM");
    await this.exited;
  }
}
