export interface ConcurrencyOptions {
  /** How many run at the same time. */
  readonly limit: number;
  /** Ends the whole before the next item is begun. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Results in the order of the items, at most `limit` at a time. The first failure ends it: no further item is begun,
 * those under way are awaited, and the failure is thrown.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  { limit, signal }: ConcurrencyOptions,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const entries = items.entries();
  let failure: { readonly error: unknown } | undefined;
  const lane = async () => {
    for (const [index, item] of entries) {
      if (failure !== undefined) return;
      try {
        signal?.throwIfAborted();
        results[index] = await work(item, index);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failure !== undefined) throw (failure as { error: unknown }).error;
  return results;
}
