import { fileURLToPath } from "node:url";
import type { TaskWorkload } from "@airloom/wire";
import { type Binding, childProtocol, type SupervisorMessage } from "../protocol/messages.ts";
import { type AttemptScope, current, scopes } from "./attempt-scope.ts";
import { captureConsole } from "./capture-console.ts";
import { type Channel, endGroup, openChannel } from "./channel.ts";
import { finishReport, loadFailure } from "./failure-report.ts";
import { type LoadedDag, loadDag } from "./loaded-dag.ts";
import { noteProcessState } from "./process-state.ts";
import { runAttempt } from "./run-attempt.ts";
import { type MappedStack, sourcePositions } from "./source-position.ts";
import { noteGlobals } from "./watch-globals.ts";
import { leftRunning, watchProcesses } from "./watch-processes.ts";
import { clearLeftTimers, ownTimers, watchTimers } from "./watch-timers.ts";

export interface ChildOptions {
  /** What author code finds under these names instead of bringing its own copy: `airloom`, `airloom/operators`, `zod`. */
  readonly modules: Readonly<Record<string, object>>;
}

/** What binding fixed for the rest of this process's life. */
interface Bound {
  readonly dag: LoadedDag;
  readonly positions: (stack: string) => MappedStack;
  readonly restore: () => readonly string[];
  readonly changedGlobals: () => readonly string[];
}

/**
 * Makes this process a task child: it answers its supervisor until that goes away. Called once, by the child's entry file.
 * @example runChild({ modules: { airloom, "airloom/operators": operators, zod } });
 */
export function runChild({ modules }: ChildOptions): void {
  // Where bundled author code looks for them.
  Object.defineProperty(globalThis, Symbol.for("airloom.modules"), { value: Object.freeze({ ...modules }) });
  watchTimers();
  watchProcesses();
  // The streams are made now, while nobody waits.
  void [process.stdout.writableLength, process.stderr.writableLength];
  const child = new TaskChild();
  captureConsole((record) => child.channel.send({ kind: "log", record }));
  process.on("uncaughtException", (error) => child.unawaited(error));
  process.on("unhandledRejection", (error) => child.unawaited(error));
  child.channel.send({ kind: "ready", protocol: childProtocol });
}

class TaskChild {
  readonly channel: Channel;
  #bound: Bound | null = null;
  #failBind: ((error: unknown) => void) | null = null;
  #abort = new AbortController();
  /** Sockets, files and requests at work; what is idle and kept alive does not count. */
  #resourcesAtStart = 0;
  #leaseTimer: NodeJS.Timeout | undefined;
  /** Found between attempts, or in one but not of it. */
  #late: string[] = [];

  constructor() {
    this.channel = openChannel((message) => this.#receive(message));
    current.late = (reason) => this.#noteLate(reason);
  }

  #receive(message: Exclude<SupervisorMessage, { kind: "reply" }>): void {
    switch (message.kind) {
      case "bind":
        void this.#bind(message.bind);
        break;
      case "run":
        this.#extendLease(message.leaseMs);
        void this.#run(message.workload);
        break;
      case "cancel":
        this.#abort.abort(new DOMException(message.reason, "AbortError"));
        break;
      case "lease":
        this.#extendLease(message.ms);
        break;
      default:
        message satisfies never;
    }
  }

  async #bind(binding: Binding): Promise<void> {
    const ownFile = fileURLToPath(import.meta.url);
    const positions = sourcePositions(binding.folder, ownFile);
    try {
      const failed = new Promise<never>((_, reject) => {
        this.#failBind = reject;
      });
      const dag = await Promise.race([loadDag(binding), failed]);
      this.#bound = { dag, positions, restore: noteProcessState(), changedGlobals: noteGlobals() };
      this.channel.send({ kind: "bound" });
    } catch (error) {
      this.channel.send({ kind: "bind_failed", failure: finishReport(loadFailure(error), positions) });
    } finally {
      this.#failBind = null;
    }
  }

  async #run(workload: TaskWorkload): Promise<void> {
    const bound = this.#bound;
    if (!bound) throw new Error("told to run before it was bound");
    this.#abort = new AbortController();
    this.#resourcesAtStart = resourcesAtWork();
    const { dag, positions } = bound;
    const scope = await runAttempt(workload, { channel: this.channel, dag, positions, signal: this.#abort.signal });
    ownTimers.clearTimeout(this.#leaseTimer);
    await this.#tidy(scope, bound);
  }

  /** Puts the process back into the state it was bound in; what cannot be put back is told. */
  async #tidy(scope: AttemptScope, { restore, changedGlobals }: Bound): Promise<void> {
    // Libraries close what they used in the turn after: that is not a leftover.
    await new Promise<void>((resolve) => {
      ownTimers.setImmediate(resolve);
    });
    const timers = clearLeftTimers(scope);
    const changed = changedGlobals();
    this.#late.push(
      ...leftRunning(scope),
      ...restore(),
      // A failure may leave the rest of its work going, which would then run beside the next try.
      ...(scope.failed && resourcesAtWork() > this.#resourcesAtStart ? ["it failed and left work going"] : []),
      ...(timers > 0 ? [`it left ${timers} timer(s)`] : []),
      ...(changed.length > 0 ? [`it changed ${changed.slice(0, 5).join(", ")}`] : []),
    );
    current.attempt = null;
    this.#tellIdle(scope.spawned);
  }

  #tellIdle(spawned: boolean): void {
    this.channel.send({ kind: "idle", dirty: this.#late, spawned, rssBytes: process.memoryUsage.rss() });
  }

  #noteLate(reason: string): void {
    if (this.#late.includes(reason)) return;
    this.#late.push(reason);
    if (!current.attempt) this.#tellIdle(true);
  }

  /** An error that nobody handled: it decides the attempt that made it, or the one that runs. */
  unawaited(error: unknown): void {
    const scope = scopes.getStore() ?? current.attempt;
    if (this.#failBind) this.#failBind(error);
    else if (!scope || scope.over) this.#noteLate("an error came after it had ended");
    else {
      this.#noteLate("it failed by an error that nobody waited for");
      scope.fail(error);
    }
  }

  /** The supervisor may be stopped, or cut off from this process: then nobody else would end what the lease no longer covers. */
  #extendLease(ms: number): void {
    ownTimers.clearTimeout(this.#leaseTimer);
    this.#leaseTimer = ownTimers.setTimeout(endGroup, ms);
    this.#leaseTimer.unref();
  }
}

const resourcesAtWork = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout" && kind !== "Immediate").length;
