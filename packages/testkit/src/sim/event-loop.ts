import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";
import { Violation } from "./violation.ts";

/** A world that goes round in circles ends too. */
const mostSteps = 500_000;

/** Whose event it is: a dead owner's never happens, a frozen one's waits for the thaw. */
export interface EventOwner {
  readonly name: string;
  readonly isAlive: boolean;
  readonly frozenUntil: number;
}

/** Whose it is, and what it is called in a trace. */
export interface EventName {
  readonly owner: EventOwner | null;
  readonly label: string;
}

interface Event {
  at: number;
  /** Chance orders what falls on the same moment; what a freeze held up comes first, in the order it was due. */
  order: number;
  readonly number: number;
  readonly owner: EventOwner | null;
  readonly label: string;
  run: (() => void) | null;
}

/**
 * Virtual time: one queue of everything that will happen, in the order of (time, chance). Between two events every promise that
 * can go on has gone on, so a run is the same each time.
 */
export class EventLoop {
  /** Virtual ms since the world began. */
  now = 0;
  steps = 0;
  readonly #queue: Event[] = [];
  readonly #random: Random;
  readonly #trace: Trace;
  #last = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(random: Random, trace: Trace) {
    this.#random = random;
    this.#trace = trace;
  }

  /** Runs `run` after `ms`; the returned function forgets it. */
  after(ms: number, { owner, label }: EventName, run: () => void): () => void {
    this.#last += 1;
    const event: Event = {
      at: this.now + Math.max(0, ms),
      order: this.#random.next(),
      number: this.#last,
      owner,
      label,
      run,
    };
    this.#push(event);
    return () => {
      event.run = null;
    };
  }

  /** What went wrong ends the run of the world. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Lets everything happen until `isOver` says so, or nothing is left. @throws what failed. */
  run(isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      // A tick queued by a microtask begins when all microtasks have run: cheaper than a turn of the machine's own loop.
      const whenQuiet = (): void => process.nextTick(turn);
      const turn = (): void => {
        const more = this.#failure === null && !isOver() && this.#next();
        if (this.#failure) reject(this.#failure.error);
        else if (more) queueMicrotask(whenQuiet);
        else resolve();
      };
      turn();
    });
  }

  /** One event. @returns false when there is none. */
  #next(): boolean {
    for (;;) {
      const event = this.#pop();
      if (!event) return false;
      const { run, owner } = event;
      if (!run || owner?.isAlive === false) continue;
      if (owner && owner.frozenUntil > event.at) {
        event.order = event.order < 0 ? event.order : event.at / 1e9 - 1;
        event.at = owner.frozenUntil;
        this.#push(event);
        continue;
      }
      this.now = event.at;
      this.steps += 1;
      if (this.steps > mostSteps) this.fail(new Violation(16, `no end after ${mostSteps} steps: ${event.label}`));
      this.#trace.note(this.now, event.label);
      try {
        run();
      } catch (error) {
        this.fail(error);
      }
      return true;
    }
  }

  #push(event: Event): void {
    const queue = this.#queue;
    let at = queue.length;
    queue.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = queue[above] as Event;
      if (!isBefore(event, parent)) break;
      queue[at] = parent;
      at = above;
    }
    queue[at] = event;
  }

  #pop(): Event | undefined {
    const queue = this.#queue;
    const first = queue[0];
    const last = queue.pop();
    if (!first || !last || queue.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= queue.length) break;
      if (below + 1 < queue.length && isBefore(queue[below + 1] as Event, queue[below] as Event)) below += 1;
      if (!isBefore(queue[below] as Event, last)) break;
      queue[at] = queue[below] as Event;
      at = below;
    }
    queue[at] = last;
    return first;
  }
}

const isBefore = (a: Event, b: Event): boolean =>
  a.at !== b.at ? a.at < b.at : a.order !== b.order ? a.order < b.order : a.number < b.number;
