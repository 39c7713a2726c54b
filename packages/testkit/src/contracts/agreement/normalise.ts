import type { World } from "./world.ts";

/** Times given by the operations are far from now; those in between were stamped by a clock. */
const clockTimes = { from: Date.UTC(2010, 0, 1), to: Date.UTC(2090, 0, 1) };

/** An answer without what may differ between two stores: the keys of runs, the time, how bytes are held. */
export function normalise(value: unknown, world: World): unknown {
  if (value instanceof Date) {
    const ms = value.getTime();
    return ms > clockTimes.from && ms < clockTimes.to ? "<clock>" : value.toISOString();
  }
  if (value instanceof Uint8Array) return `<${[...value].join(" ")}>`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, entry]) => [mapKey(key, world), normalise(entry, world)] as const);
    return entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  }
  if (Array.isArray(value)) return value.map((entry) => normalise(entry, world));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, entry]) => [name, normaliseField(name, entry, { owner: value, world })]),
  );
}

function normaliseField(name: string, entry: unknown, { owner, world }: { owner: object; world: World }): unknown {
  const isRunKey = name === "runKey" || (name === "id" && "runId" in owner);
  if (isRunKey && typeof entry === "number") return world.nameOfKey(entry);
  if (name === "remainingMs" && typeof entry === "number") return Math.round(entry / 60_000);
  return normalise(entry, world);
}

/** Counts per run are kept by its key, alone or before a task. */
function mapKey(key: unknown, world: World): string {
  if (typeof key === "number") return world.nameOfKey(key);
  const [first = "", ...rest] = String(key).split(" ");
  return /^\d+$/.test(first) ? [world.nameOfKey(Number(first)), ...rest].join(" ") : String(key);
}
