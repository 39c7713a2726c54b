import { type BigIntStats, statSync } from "node:fs";

/** What tells one state of a file from the next without reading it; null: it is not there. */
export type Stamp = string | null;

export const stampOf = ({ mtimeNs, size, ino }: BigIntStats): string => `${mtimeNs}.${size}.${ino}`;

export interface SeenFile {
  readonly stamp: Stamp;
  /** Milliseconds since the epoch; 0 for a file that is not there. */
  readonly changedAt: number;
}

/** Looks at a file, through links. */
export function seeFile(path: string): SeenFile {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats ? { stamp: stampOf(stats), changedAt: Number(stats.mtimeMs) } : { stamp: null, changedAt: 0 };
}
