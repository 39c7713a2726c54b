import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/**
 * A tiny process that kills a process group when this process is gone, however it went: it waits on a pipe whose other end is
 * here. In a session of its own, so that what kills this process's group leaves it alive.
 */
export class ProcessGuard {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor() {
    const script = 'trap "" TERM INT HUP; read -r group || exit 0; read -r word || kill -s KILL -- "-$group"';
    this.#child = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    this.#exited = Promise.race([once(this.#child, "exit"), once(this.#child, "error")]).catch(() => undefined);
    // A guard that died has nothing to be told.
    this.#child.stdin?.on("error", () => undefined);
  }

  /** From now on the group dies with this process. */
  watch(group: number): void {
    this.#child.stdin?.write(`${group}\n`);
  }

  /** Ends the guard; resolves when it is gone. */
  async release(): Promise<void> {
    this.#child.stdin?.end("done\n");
    await this.#exited;
  }
}
