import type { Run } from "../support/api-of.ts";
import type { Ledger } from "../support/ledger.ts";
import type { Chance } from "./chance.ts";
import type { Cluster } from "./cluster.ts";

/** Where a row is tried. */
export interface Place {
  readonly cluster: Cluster;
  readonly ledger: Ledger;
  readonly chance: Chance;
}

/** What became of one repetition. */
export interface RowEnd {
  /** What was done, in words. */
  readonly hit: string;
  /** Seconds from the end of the fault, or from the fault where it is a blow, until all was well again; null when nothing had to recover. */
  readonly recovery: number | null;
  /** Empty when all is as it must be. A row may also throw. */
  readonly problems: readonly string[];
}

/** A row of the failure catalogue, or a part of one, that is tried here. */
export interface ChaosRow {
  readonly row: number;
  /** Tells the parts of a row apart; "" when it has one. */
  readonly part: string;
  /** What must hold, as a sentence. */
  readonly promise: string;
  /** Whether it needs the proxies before PostgreSQL and the API server. */
  readonly proxies: boolean;
  /** Why it cannot be tried on this machine; null when it can. */
  readonly cannot?: () => string | null;
  readonly run: (place: Place) => Promise<RowEnd>;
}

/** A row that is not tried here, and why. */
export interface UntriedRow {
  readonly row: number;
  readonly promise: string;
  readonly why: string;
}

export const rowName = ({ row, part }: Pick<ChaosRow, "row" | "part">): string =>
  part === "" ? `${row}` : `${row} ${part}`;

export const seconds = (ms: number): number => Math.round(ms) / 1_000;

/** Seconds since a moment of `performance.now()`. */
export const since = (began: number): number => seconds(performance.now() - began);

export type RunName = Pick<Run, "dag_id" | "dag_run_id">;
