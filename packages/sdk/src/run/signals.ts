const signalBrand: unique symbol = Symbol.for("airloom.signal");

type Signal = { readonly kind: "skip"; readonly reason: string } | { readonly kind: "fail"; readonly message: string };

class TaskSignal extends Error {
  readonly [signalBrand]: Signal;

  constructor(signal: Signal) {
    super(signal.kind === "skip" ? `skipped: ${signal.reason}` : signal.message);
    this.name = signal.kind === "skip" ? "Skip" : "Fail";
    this[signalBrand] = signal;
  }
}

/**
 * Ends this task as skipped; what follows is skipped too, as its trigger rules say. Throws, so nothing after it runs.
 * @example if (rows.length === 0) skip("nothing to load");
 */
export function skip(reason = "the task chose to skip"): never {
  throw new TaskSignal({ kind: "skip", reason });
}

/**
 * Fails this task for good: no retry, however many are left. An ordinary `throw` lets it be tried again.
 * @example if (response.status === 403) fail("the key is not accepted");
 */
export function fail(message: string): never {
  throw new TaskSignal({ kind: "fail", message });
}

/** What `skip` or `fail` of any copy of the SDK threw; null for other errors. */
export const signalOf = (thrown: unknown): Signal | null =>
  typeof thrown === "object" && thrown !== null && signalBrand in thrown ? (thrown as TaskSignal)[signalBrand] : null;
