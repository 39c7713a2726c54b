import { setTimeout as pause } from "node:timers/promises";

/** How long something may take, and how often it is looked at. Milliseconds. */
export interface Patience {
  /** @default 15000 */
  readonly within?: number;
  /** @default 25 */
  readonly every?: number;
}

/**
 * Looks at something again and again until it is there, and returns it. An error in `look` means "not yet".
 * @param what names what is waited for: it stands in the error.
 * @throws when the time is over, with what the last look gave.
 * @example const run = await until("the run has ended", async () => (await api.run(id)).end_date !== null);
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { within = 15_000, every = 25 }: Patience = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + within;
  for (;;) {
    const seen = await attempt(look);
    if ("value" in seen && seen.value) return seen.value as NonNullable<T>;
    if (performance.now() > deadline) {
      const last = "error" in seen ? String(seen.error) : JSON.stringify(seen.value);
      throw new Error(`not within ${within} ms: ${what} (last seen: ${last})`);
    }
    await pause(every);
  }
}

async function attempt<T>(look: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await look() };
  } catch (error) {
    return { error };
  }
}
