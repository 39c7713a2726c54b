/** Random choices that a seed decides. */
export interface Chance {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True so often: 0.2 = one in five. */
  happens(share: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Another one, whose choices do not depend on how often this one is asked. */
  fork(name: string): Chance;
}

/** @example chanceFrom(7).between(1, 6) */
export function chanceFrom(seed: number): Chance {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    happens: (share) => next() < share,
    pick: <T>(items: readonly T[]): T => {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    fork: (name) => chanceFrom([...name].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) | 0, seed + 1)),
  };
}
