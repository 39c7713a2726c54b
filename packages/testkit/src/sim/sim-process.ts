import type { Timers } from "@airloom/core";
import type { EventLoop, EventOwner } from "./event-loop.ts";

/** Thrown where a process was when it crashed: its transactions roll back by it, and nobody of it hears of it. */
export class Crashed extends Error {}

/** One life of one process. It ends by a crash and never comes back: a restart is another one. */
export class SimProcess implements EventOwner {
  isAlive = true;
  frozenUntil = 0;
  readonly name: string;
  /** Numbers of dead processes are not used again here. */
  readonly pid: number;
  /** How fast its clock goes: 1.02 = 2 % fast. */
  readonly rate: number;
  readonly #loop: EventLoop;
  readonly #bornAt: number;
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #ends: (() => void)[] = [];

  constructor(
    loop: EventLoop,
    { name, pid, rate }: { readonly name: string; readonly pid: number; readonly rate: number },
  ) {
    this.name = name;
    this.pid = pid;
    this.rate = rate;
    this.#loop = loop;
    this.#bornAt = loop.now;
  }

  /** Its own monotonic clock, ms. */
  now(): number {
    return 1_000 + (this.#loop.now - this.#bornAt) * this.rate;
  }

  /** As Node has them: none takes less than 1 ms. */
  readonly timers: Timers = {
    after: (ms, callback) => {
      if (!this.isAlive) return () => undefined;
      return this.#loop.after(Math.max(1, ms) / this.rate, { owner: this, label: `${this.name} timer` }, callback);
    },
  };

  /** Waits for something of the world; a crash meanwhile throws `Crashed` there. */
  wait(ms: number, label: string, then: (resolve: () => void, reject: (error: Error) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.isAlive) return reject(new Crashed());
      this.#waiting.add(reject);
      this.#loop.after(ms, { owner: this, label: label }, () => {
        this.#waiting.delete(reject);
        then(resolve, reject);
      });
    });
  }

  /** Passes an answer on while this process lives; a dead one never hears it. */
  hear<Value>(answer: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => {
          if (this.isAlive) resolve(value);
        },
        (error: unknown) => {
          if (this.isAlive) reject(error);
        },
      );
    });
  }

  onEnd(listener: () => void): void {
    this.#ends.push(listener);
  }

  end(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const reject of this.#waiting) reject(new Crashed());
    this.#waiting.clear();
    for (const listener of this.#ends) listener();
  }
}
