/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** 0 ≤ n < 1 */
  number(): number;
  /** A whole number from `least` to `most`, both possible. */
  between(least: number, most: number): number;
  /** True in so many of a hundred cases. */
  percent(of: number): boolean;
  /** @throws when there is nothing to pick from */
  pick<T>(from: readonly T[]): T;
  /** At most `count` different ones, in any order. */
  some<T>(from: readonly T[], count: number): T[];
}

/**
 * Mulberry32 over a hash of seed and labels: each input of a campaign has numbers of its own, so that it stays the same when
 * another one draws more.
 * @example createRandom(7, "http", 1205).pick(["a", "b"])
 */
export function createRandom(...labels: readonly (string | number)[]): Random {
  let state = hashOf(labels.join("/"));
  const number = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (least: number, most: number): number => least + Math.floor(number() * (most - least + 1));
  return {
    number,
    between,
    percent: (of) => number() * 100 < of,
    pick: <T>(from: readonly T[]): T => {
      if (from.length === 0) throw new Error("there is nothing to pick from");
      return from[between(0, from.length - 1)] as T;
    },
    some: <T>(from: readonly T[], count: number): T[] => {
      const left = [...from];
      const taken: T[] = [];
      while (taken.length < count && left.length > 0) taken.push(...left.splice(between(0, left.length - 1), 1));
      return taken;
    },
  };
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}
