import type { Answered } from "./send-request.ts";

/** How often each route answered with each class of status. */
export interface Coverage {
  count(route: string, answer: Answered): void;
  /** Routes that never succeeded, of those named. */
  neverReached(routes: readonly string[]): readonly string[];
  table(): Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export function createCoverage(): Coverage {
  const counts = new Map<string, Record<string, number>>();
  return {
    count(route, { status }) {
      const of = counts.get(route) ?? {};
      const group = status === 0 ? "closed" : `${Math.floor(status / 100)}xx`;
      of[group] = (of[group] ?? 0) + 1;
      counts.set(route, of);
    },
    neverReached: (routes) => routes.filter((route) => !counts.get(route)?.["2xx"]),
    table: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
