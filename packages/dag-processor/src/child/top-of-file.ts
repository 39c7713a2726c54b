import crypto from "node:crypto";
import { shiftedDate } from "./shifted-world.ts";

/** Chances that are kept for the second load; later ones are drawn anew. */
const mostChances = 1_000;

type Draw = (...args: readonly unknown[]) => unknown;
let randomIds = 0;

/** Counts what Node itself draws: ids and bytes differ by themselves, so it is enough to know that there were any. */
export function countRandomIds(): void {
  const places = [crypto, Object.getPrototypeOf(globalThis.crypto) as object] as const;
  for (const place of places) {
    for (const name of ["randomUUID", "randomBytes", "randomInt", "getRandomValues"]) {
      const made = place as unknown as Record<string, Draw>;
      const draw = Object.getOwnPropertyDescriptor(made, name)?.value as Draw | undefined;
      if (!draw) continue;
      made[name] = function (this: unknown, ...args) {
        randomIds += 1;
        return Reflect.apply(draw, this, args);
      };
    }
  }
}

export interface TopOfFile {
  /** Numbers that `Math.random` gave while the file was imported; null: it used neither chance nor the clock. */
  readonly chances: readonly number[] | null;
}

/**
 * Imports a file and notes whether its top, or that of what it imports, asks for the time or for chance. Only then it is worth to load
 * it again.
 * @param opposite Chances of an earlier load: the file gets the opposite of each, and a clock of another year.
 */
export async function importNoting(
  load: () => Promise<object>,
  opposite: readonly number[] | null,
): Promise<{ readonly module: object; readonly top: TopOfFile }> {
  const before = { random: Math.random, date: globalThis.Date };
  const chances: number[] = [];
  let askedTime = false;
  const random = (): number => {
    const given = opposite?.[chances.length];
    const chance = given === undefined ? before.random() : Math.min(1 - given, 1 - Number.EPSILON);
    if (chances.length < mostChances) chances.push(chance);
    return chance;
  };
  const date = shiftedDate({
    byMs: opposite ? undefined : 0,
    onNow: () => {
      askedTime = true;
    },
  });
  const ids = randomIds;
  Math.random = random;
  globalThis.Date = date;
  try {
    const module = await load();
    const isChancy = askedTime || chances.length > 0 || randomIds > ids;
    return { module, top: { chances: isChancy ? chances : null } };
  } finally {
    // What the file itself put there stays: it counts as left behind.
    if (Math.random === random) Math.random = before.random;
    if (globalThis.Date === date) globalThis.Date = before.date;
  }
}
