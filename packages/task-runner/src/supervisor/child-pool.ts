import { failpoint } from "@airloom/core";
import { sweepChild } from "./marked-processes.ts";
import { untilReady } from "./start-child.ts";
import { type ChildListener, type IdleMessage, TaskProcess, type TaskProcessOptions } from "./task-process.ts";
import { backoffMs, pause, settlesWithin } from "./waiting.ts";
import { type WorkerLog, wordsOf } from "./worker-log.ts";
import type { WorkerSettings } from "./worker-settings.ts";

export interface ChildPoolOptions extends TaskProcessOptions {
  readonly slots: number;
  readonly settings: WorkerSettings;
  readonly log: WorkerLog;
  /** A child stands ready. */
  readonly onReady: () => void;
}

export interface ChildRequest {
  readonly artifactId: string;
  readonly dagId: string;
  /** A child that never ran anything, and ends after this one attempt. */
  readonly fresh: boolean;
}

/** A child in the hands of one attempt. */
export interface LentChild {
  readonly process: TaskProcess;
  /** It has loaded the Dag; else it has to be bound first. */
  isBound: boolean;
  readonly request: ChildRequest;
}

/** A child with what the pool knows of it. */
interface Entry {
  readonly process: TaskProcess;
  /** `<artifact> <dag>`; null while it is blank. */
  key: string | null;
  attempts: number;
  /** Processes that it started may live on: it ran something, and did not say since that it started none. */
  mayHaveLeft: boolean;
  /** Why it must not run anything again. */
  spoilt: string | null;
  lastUse: number;
  /** Resolves when nothing of it lives: neither the process nor what ran under it. */
  gone: Promise<void>;
  onIdle: () => void;
}

interface Waiter {
  readonly key: string;
  readonly fresh: boolean;
  take(entry: Entry): void;
  refuse(error: Error): void;
}

/** This worker cannot start children, for want of memory, processes or files: not the task's fault. */
export class NoChildError extends Error {}

const startTries = 3;
const tidyMs = 3_000;

const keyOf = ({ artifactId, dagId }: ChildRequest): string => `${artifactId} ${dagId}`;

/**
 * The worker's children. A few blank ones stand ready; one that ran keeps its Dag loaded and waits for more of it, until others need
 * the room. No child runs anything again that an attempt left changed.
 */
export class ChildPool {
  readonly #options: ChildPoolOptions;
  readonly #entries = new Set<Entry>();
  #blank: Entry[] = [];
  #idle: Entry[] = [];
  /** They reported their outcome and tidy up: ready again in a moment. */
  readonly #tidying = new Set<Entry>();
  #waiters: Waiter[] = [];
  readonly #lent = new Map<TaskProcess, Entry>();
  readonly #stopping = new AbortController();
  /** Resolve when the processes of entries that are forgotten have died. */
  readonly #dying = new Set<Promise<void>>();
  #starting = 0;
  #isGrowing = false;
  #startFailures = 0;
  #clock = 0;

  constructor(options: ChildPoolOptions) {
    this.#options = options;
  }

  start(): void {
    this.#serve();
  }

  /** Kills every child. Resolves when none is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#entries].map((entry) => this.#destroy(entry)));
    await Promise.all(this.#dying);
  }

  /** Artifacts that a waiting child has loaded. */
  warmArtifacts(): readonly string[] {
    return [...new Set(this.#idle.map((entry) => entry.key?.split(" ", 1).join("") ?? ""))];
  }

  /** Children do not start at present: whatever is claimed now would be given back. */
  get isFailing(): boolean {
    return this.#startFailures >= startTries;
  }

  /** A child for one attempt; waits until one is there. Rejects when the signal aborts. */
  take(request: ChildRequest, signal: AbortSignal): Promise<LentChild> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        key: keyOf(request),
        fresh: request.fresh,
        take: (entry) => {
          signal.removeEventListener("abort", giveUp);
          resolve(this.#lend(entry, request));
        },
        refuse: (error) => {
          signal.removeEventListener("abort", giveUp);
          reject(error);
        },
      };
      const giveUp = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiters.push(waiter);
      this.#serve();
    });
  }

  /** The attempt is over. `spoilt` says why the child must not be used again, when it must not. */
  async giveBack({ process, request }: LentChild, spoilt: string | null): Promise<void> {
    const entry = this.#lent.get(process);
    if (!entry) return;
    this.#lent.delete(process);
    const reason = spoilt ?? (request.fresh ? "it was for one attempt" : null);
    if (reason !== null) return this.#retire(entry, reason);
    this.#tidying.add(entry);
    const message = await this.#idleMessage(entry);
    this.#tidying.delete(entry);
    if (!message) return this.#retire(entry, "it did not come to rest after its attempt");
    // Before anything else runs here; also what left the process group.
    if (message.spawned) sweepChild(process.id, process.pid);
    else entry.mayHaveLeft = false;
    const worn = this.#wornBy(entry, message);
    if (worn) return this.#retire(entry, worn);
    this.#offer(entry);
  }

  #wornBy(entry: Entry, { dirty, rssBytes }: IdleMessage): string | null {
    const { attemptsPerChild, childRssBytes } = this.#options.settings;
    if (dirty.length > 0) return dirty.join(", ");
    if (entry.spoilt !== null) return entry.spoilt;
    if (entry.attempts >= attemptsPerChild) return `it ran ${entry.attempts} attempts`;
    return rssBytes > childRssBytes ? `it holds ${Math.round(rssBytes / 1024 / 1024)} MiB` : null;
  }

  #lend(entry: Entry, request: ChildRequest): LentChild {
    this.#blank = this.#blank.filter((other) => other !== entry);
    this.#idle = this.#idle.filter((other) => other !== entry);
    const isBound = entry.key !== null;
    entry.key = keyOf(request);
    entry.attempts += 1;
    entry.mayHaveLeft = true;
    this.#clock += 1;
    entry.lastUse = this.#clock;
    this.#lent.set(entry.process, entry);
    return { process: entry.process, isBound, request };
  }

  #offer(entry: Entry): void {
    entry.process.listener = this.#idleListener(entry);
    this.#idle.push(entry);
    this.#serve();
  }

  /** Gives children to those who wait, first come, first served, and starts what is missing. */
  #serve(): void {
    const promised = new Set<Entry>();
    for (const waiter of [...this.#waiters]) {
      const entry = this.#childFor(waiter, promised);
      if (!entry) continue;
      if (this.#tidying.has(entry)) {
        promised.add(entry);
        continue;
      }
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      waiter.take(entry);
    }
    this.#grow(this.#waiters.length - promised.size);
  }

  /** One that has the Dag loaded, if need be in a moment; else a blank one. */
  #childFor({ key, fresh }: Waiter, promised: ReadonlySet<Entry>): Entry | undefined {
    const isAlive = (entry: Entry): boolean => !entry.process.isEnding;
    const fits = (entry: Entry): boolean => entry.key === key && isAlive(entry) && !promised.has(entry);
    const warm = fresh ? undefined : (this.#idle.findLast(fits) ?? [...this.#tidying].find(fits));
    return warm ?? this.#blank.find(isAlive);
  }

  /** Starts what is missing: for those who wait, and to have blank ones ready. */
  #grow(waiting: number): void {
    const { blankChildren, startsAtOnce } = this.#options.settings;
    // Making room comes back here: once is enough.
    if (this.#stopping.signal.aborted || this.#isGrowing) return;
    this.#isGrowing = true;
    const wanted = waiting + blankChildren;
    while (this.#blank.length + this.#starting < wanted && this.#starting < startsAtOnce && this.#makeRoom())
      void this.#startOne();
    this.#isGrowing = false;
  }

  /** Whether one more may be started; the one that waited longest for work makes room. */
  #makeRoom(): boolean {
    const { slots, settings } = this.#options;
    if (this.#entries.size < slots + settings.spareChildren) return true;
    const [oldest] = [...this.#idle].sort((a, b) => a.lastUse - b.lastUse);
    if (!oldest) return this.#waiters.length > 0;
    void this.#destroy(oldest);
    return true;
  }

  async #startOne(): Promise<void> {
    this.#starting += 1;
    let entry: Entry | null = null;
    try {
      entry = this.#newEntry();
      if (globalThis.FAILPOINTS) await failpoint("worker.spawn");
      await untilReady(entry.process);
      if (globalThis.FAILPOINTS) await failpoint("worker.child.ready");
      this.#starting -= 1;
      this.#startFailures = 0;
      this.#standReady(entry);
    } catch (error) {
      await this.#startFailed(error);
      this.#starting -= 1;
      if (entry) await this.#destroy(entry);
      else this.#serve();
    }
  }

  /** @throws when the system refuses another process. */
  #newEntry(): Entry {
    const process = new TaskProcess(this.#options);
    const entry: Entry = {
      process,
      key: null,
      attempts: 0,
      mayHaveLeft: false,
      spoilt: null,
      lastUse: 0,
      gone: Promise.resolve(),
      onIdle: () => undefined,
    };
    this.#entries.add(entry);
    entry.gone = process.exited.then(() => {
      this.#forget(entry);
      // Whoever killed it.
      if (entry.mayHaveLeft) sweepChild(process.id, undefined);
    });
    return entry;
  }

  async #startFailed(error: unknown): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#startFailures += 1;
    const reason = wordsOf(error);
    this.#options.log("error", "A task child did not start.", { reason, failures: this.#startFailures });
    // Another worker may have what this one lacks: its work goes back.
    if (this.isFailing) {
      for (const waiter of this.#waiters.splice(0)) waiter.refuse(new NoChildError(`No task child starts: ${reason}`));
    }
    await pause(backoffMs(this.#startFailures), this.#stopping.signal);
  }

  #standReady(entry: Entry): void {
    if (this.#stopping.signal.aborted) return;
    this.#blank.push(entry);
    this.#serve();
    this.#options.onReady();
  }

  async #retire(entry: Entry, reason: string): Promise<void> {
    if (!entry.process.hasExited && reason !== "it was for one attempt")
      this.#options.log("debug", "A task child is replaced.", { reason, pid: entry.process.pid ?? null });
    await this.#destroy(entry);
  }

  /** Kills a child with all that ran under it. */
  async #destroy(entry: Entry): Promise<void> {
    this.#forget(entry);
    entry.process.kill("SIGKILL");
    this.#dying.add(entry.gone);
    await entry.gone;
    this.#dying.delete(entry.gone);
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry);
    this.#blank = this.#blank.filter((other) => other !== entry);
    this.#idle = this.#idle.filter((other) => other !== entry);
    this.#tidying.delete(entry);
    this.#serve();
  }

  async #idleMessage(entry: Entry): Promise<IdleMessage | null> {
    const message = new Promise<void>((resolve) => {
      entry.onIdle = resolve;
    });
    entry.process.listener = this.#idleListener(entry);
    if (!entry.process.rest) await settlesWithin(Promise.race([message, entry.process.exited]), tidyMs);
    return entry.process.isEnding ? null : entry.process.rest;
  }

  /** What a child says while no attempt has it. */
  #idleListener(entry: Entry): ChildListener {
    return {
      message: (message) => {
        if (message.kind !== "idle") return;
        if (message.dirty.length > 0) entry.spoilt = message.dirty.join(", ");
        if (message.spawned) entry.mayHaveLeft = true;
        entry.onIdle();
        if (entry.spoilt !== null && this.#idle.includes(entry)) void this.#retire(entry, entry.spoilt);
      },
      // Late output: nobody's, but a sign of something still at work.
      output: () => {
        entry.spoilt = "it wrote output after its attempt had ended";
        if (this.#idle.includes(entry)) void this.#retire(entry, entry.spoilt);
        return 0;
      },
    };
  }
}
