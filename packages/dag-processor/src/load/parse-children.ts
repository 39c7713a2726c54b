import { failpoint } from "@airloom/core";
import type { LoadRequest } from "../protocol/messages.ts";
import { type ChildStart, type LoadOutcome, type ParseChild, startParseChild } from "./parse-child.ts";

export interface ParseChildren {
  load(request: Omit<LoadRequest, "id">): Promise<LoadOutcome>;
  /** Kills all; loads that wait or run are refused. */
  close(): Promise<void>;
}

export interface ChildrenOptions {
  readonly start: ChildStart;
  readonly timeoutMs: number;
  readonly parallel: number;
}

/** Files after which a child is replaced: loaded modules are never unloaded. */
const maxFiles = 250;
/** A file that takes longer does not hold up the others. */
const slowMs = 1_000;
/** Slow files beside the usual number. */
const maxSlow = 6;
/** An idle child beyond the first is given up after this time. */
const idleMs = 10_000;

interface Kept {
  readonly child: ParseChild;
  files: number;
}

interface Pool {
  readonly options: ChildrenOptions;
  readonly idle: Kept[];
  readonly all: Set<ParseChild>;
  readonly waiting: (() => void)[];
  running: number;
  slow: number;
  closed: boolean;
  tidy: NodeJS.Timeout | null;
}

/** Loads files in a few warm children, each one file at a time; what a file spoils goes with its child. */
export function createParseChildren(options: ChildrenOptions): ParseChildren {
  const pool: Pool = {
    options,
    idle: [],
    all: new Set(),
    waiting: [],
    running: 0,
    slow: 0,
    closed: false,
    tidy: null,
  };
  return {
    load: (request) => load(pool, request),
    async close() {
      pool.closed = true;
      if (pool.tidy) clearTimeout(pool.tidy);
      for (const go of pool.waiting.splice(0)) go();
      await Promise.all([...pool.all].map((child) => child.kill()));
    },
  };
}

async function load(pool: Pool, request: Omit<LoadRequest, "id">): Promise<LoadOutcome> {
  await takeTurn(pool);
  let isSlow = false;
  const slowTimer = setTimeout(() => {
    if (pool.slow >= maxSlow) return;
    isSlow = true;
    pool.slow += 1;
    pool.running -= 1;
    pool.waiting.shift()?.();
  }, slowMs);
  try {
    if (pool.closed) return { kind: "died", code: null, signal: "SIGKILL", output: "" };
    const kept = pool.idle.pop() ?? { child: await start(pool), files: 0 };
    if (globalThis.FAILPOINTS) await failpoint("parser.frame.before");
    const outcome = await kept.child.load(request, pool.options.timeoutMs);
    if (globalThis.FAILPOINTS) await failpoint("parser.frame.after");
    await giveBack(pool, { child: kept.child, files: kept.files + 1 }, outcome);
    return outcome;
  } finally {
    clearTimeout(slowTimer);
    if (isSlow) pool.slow -= 1;
    else pool.running -= 1;
    pool.waiting.shift()?.();
  }
}

async function takeTurn(pool: Pool): Promise<void> {
  while (!pool.closed && pool.running >= pool.options.parallel) {
    await new Promise<void>((resolve) => pool.waiting.push(resolve));
  }
  pool.running += 1;
}

async function start(pool: Pool): Promise<ParseChild> {
  if (globalThis.FAILPOINTS) await failpoint("parser.start.before");
  const child = await startParseChild(pool.options.start);
  if (globalThis.FAILPOINTS) await failpoint("parser.start.after");
  pool.all.add(child);
  if (pool.closed) await child.kill();
  return child;
}

async function giveBack(pool: Pool, kept: Kept, outcome: LoadOutcome): Promise<void> {
  const reusable = outcome.kind === "loaded" && outcome.clean && kept.files < maxFiles && !pool.closed;
  if (!reusable) {
    pool.all.delete(kept.child);
    await kept.child.kill();
    return;
  }
  pool.idle.push(kept);
  pool.tidy ??= setTimeout(() => tidy(pool), idleMs).unref();
}

function tidy(pool: Pool): void {
  pool.tidy = null;
  for (const { child } of pool.idle.splice(1)) {
    pool.all.delete(child);
    void child.kill();
  }
}
