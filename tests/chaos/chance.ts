/** A number from 0 up to, not including, 1. */
export type Chance = () => number;

/** Mulberry32: the same numbers for the same seed. */
export function chanceFrom(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function oneOf<T>(items: readonly T[], chance: Chance): T {
  const found = items[Math.floor(chance() * items.length)];
  if (found === undefined) throw new Error("nothing to choose from");
  return found;
}

/** A number between two. */
export const between = (least: number, most: number, chance: Chance): number => least + chance() * (most - least);
