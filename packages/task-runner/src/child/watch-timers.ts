import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import promises from "node:timers/promises";
import { promisify } from "node:util";
import { type AttemptScope, scopes } from "./attempt-scope.ts";

/** Made before anything is wrapped: for the child's own use. */
export const ownTimers = {
  setTimeout: timers.setTimeout,
  clearTimeout: timers.clearTimeout,
  setImmediate: timers.setImmediate,
};

type Make = (callback: unknown, ...rest: readonly unknown[]) => object;

/** Notes the timers of an attempt. The process's own list hides those that were unref'd, so each maker is wrapped. */
export function watchTimers(): void {
  const wrapped = {
    setTimeout: watched(timers.setTimeout as unknown as Make),
    setInterval: watched(timers.setInterval as unknown as Make),
    setImmediate: watched(timers.setImmediate as unknown as Make),
  };
  const waits = {
    setTimeout: waiting(promises.setTimeout as Wait, 2),
    setImmediate: waiting(promises.setImmediate as Wait, 1),
  };
  Object.defineProperty(wrapped.setTimeout, promisify.custom, { value: waits.setTimeout, enumerable: true });
  Object.defineProperty(wrapped.setImmediate, promisify.custom, { value: waits.setImmediate, enumerable: true });
  Object.assign(timers, wrapped);
  Object.assign(promises, waits);
  Object.assign(globalThis, wrapped);
  syncBuiltinESMExports();
}

function watched(make: Make): Make {
  const wrapper: Make = (callback, ...rest) => {
    const handle = make(callback, ...rest);
    const scope = scopes.getStore();
    if (scope) note(scope, handle, wrapper);
    return handle;
  };
  return wrapper;
}

const pruneAbove = 1024;

function note(scope: AttemptScope, handle: object, maker: Make): void {
  const origin = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(origin, maker);
  Error.stackTraceLimit = stackTraceLimit;
  scope.timers.set(handle, origin);
  // A long attempt may make millions; those that are done are forgotten now and then.
  if (scope.timers.size % pruneAbove === 0) prune(scope);
}

function prune({ timers: noted }: AttemptScope): void {
  for (const handle of noted.keys()) if (!isLive(handle)) noted.delete(handle);
}

/** Node's own mark on its timers: set when one fired for the last time or was cleared, in whichever of the many ways. */
const isLive = (handle: object): boolean => "_destroyed" in handle && handle._destroyed === false;

// fetch, servers and keep-alive agents tidy up by timers that Node itself makes: these harm nobody. Which of Node's modules are
// loaded before the makers are wrapped, and so make theirs unseen, is chance.
const isNodes = ({ stack }: { readonly stack?: string }): boolean =>
  typeof stack === "string" && /\n\s+at (?:.*\()?node:/.test(stack);

/** Clears the timers that an attempt left running; says how many there were. */
export function clearLeftTimers(scope: AttemptScope): number {
  const left = [...scope.timers].filter(([handle, origin]) => isLive(handle) && !isNodes(origin));
  for (const [handle] of left) {
    timers.clearTimeout(handle as NodeJS.Timeout);
    timers.clearImmediate(handle as NodeJS.Immediate);
  }
  scope.timers.clear();
  return left.length + scope.pendingWaits;
}

type Wait = (...args: readonly unknown[]) => Promise<unknown>;

function waiting(wait: Wait, most: number): Wait {
  return (...args) => {
    const scope = scopes.getStore();
    const promise = wait(...args.slice(0, most + 1));
    if (!scope) return promise;
    scope.pendingWaits += 1;
    const end = (): void => {
      scope.pendingWaits -= 1;
    };
    promise.then(end, end);
    return promise;
  };
}
