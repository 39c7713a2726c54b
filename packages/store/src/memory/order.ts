import type { Key } from "./table.ts";

type Comparable = Key | Date | boolean;

/**
 * Orders rows by what `keysOf` gives, first difference first; text by code unit, as COLLATE "C" does for the ids in use.
 * @example runs.sort(by((run) => [run.runAfter, run.id]))
 */
export const by =
  <Row>(keysOf: (row: Row) => readonly Comparable[]) =>
  (a: Row, b: Row): number => {
    const left = keysOf(a);
    const right = keysOf(b);
    for (const [position, key] of left.entries()) {
      const other = right[position] ?? key;
      if (key < other) return -1;
      if (key > other) return 1;
    }
    return 0;
  };

export const sortedUnique = <Value extends Key>(values: Iterable<Value>): Value[] =>
  [...new Set(values)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
