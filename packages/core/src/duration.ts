import { AirloomError } from "./errors.ts";

/**
 * A length of time: a number of seconds, or text. Text is amounts with units, longest first or in any order (`30s`, `5m`,
 * `1h30m`, `2d`, `500ms`, `1w`), or ISO 8601 without years and months (`PT5M`, `P1DT12H`), which have no fixed length.
 */
export type Duration = number | string;

const unitSeconds = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1, ms: 0.001 } as const;
type Unit = keyof typeof unitSeconds;

const amount = /(\d+(?:\.\d+)?)\s*(ms|[wdhms])\s*/gy;
const iso =
  /^P(?=.)(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?=.)(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i;

/**
 * A duration in seconds, to the millisecond; zero is allowed.
 * @throws AirloomError DURATION_INVALID
 * @example parseDuration("1h30m") // 5400
 */
export function parseDuration(value: Duration): number {
  if (typeof value === "number") return checked(value, value);
  const text = value.trim();
  const seconds = /^P/i.test(text) ? parseIso(text) : parseAmounts(text);
  return checked(seconds, value);
}

/**
 * Seconds in the short form that `parseDuration` reads.
 * @example formatDuration(5400) // "1h30m"
 */
export function formatDuration(seconds: number): string {
  let left = Math.round(seconds * 1000);
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"] as const satisfies readonly Unit[]) {
    const length = Math.round(unitSeconds[unit] * 1000);
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0) text += `${count}${unit}`;
  }
  return text || "0s";
}

function parseIso(text: string): number {
  const found = iso.exec(text);
  if (!found) return Number.NaN;
  const units: readonly Unit[] = ["w", "d", "h", "m", "s"];
  return units.reduce((sum, unit, index) => sum + Number(found[index + 1] ?? 0) * unitSeconds[unit], 0);
}

function parseAmounts(text: string): number {
  if (text === "") return Number.NaN;
  let seconds = 0;
  let end = 0;
  for (const [whole, count, unit] of text.matchAll(amount)) {
    seconds += Number(count) * unitSeconds[unit as Unit];
    end += whole.length;
  }
  return end === text.length ? seconds : Number.NaN;
}

function checked(seconds: number, value: Duration): number {
  if (Number.isFinite(seconds) && seconds >= 0) return Math.round(seconds * 1000) / 1000;
  throw new AirloomError("DURATION_INVALID", { value: typeof value === "string" ? `"${value}"` : value });
}
