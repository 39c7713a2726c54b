/**
 * One field of a cron expression. Everything that names plain values (`5`, `MON`, `1-5`, `22-3`, `5/15`) becomes a set of
 * numbers; what depends on the month (`L`, `15W`, `FRI#2`) is kept as `special`.
 */
export interface CronField {
  readonly values: ReadonlySet<number>;
  readonly special: readonly string[];
  /** Every value is allowed: `*`, `?`, and anything that comes to the same, such as a step of 1. */
  readonly every: boolean;
  /** As written: a star means "any day", where `1-31` means "all days" (see `combineDays`). */
  readonly text: string;
}

export interface FieldRule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
  /** Turns an item that depends on the month into the matcher's form; null when it is not one. */
  readonly special: (item: string) => string | null;
}

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const nothingSpecial = () => null;

/** `L` last day, `LW` last weekday, `15W` the weekday nearest the 15th. */
function specialDay(item: string): string | null {
  if (item === "L" || item === "LW") return item;
  const nearest = /^(\d{1,2})W$/.exec(item);
  return nearest && inRange(Number(nearest[1]), 1, 31) ? item : null;
}

/** `FRI#2` the second Friday; `L5`, `5L`, `FRIL` and `5#L` the last one. */
function specialWeekday(item: string): string | null {
  const last = /^L(\w+)$/.exec(item) ?? /^(\w+?)#?L$/.exec(item);
  const nth = /^(\w+)#([1-5])$/.exec(item);
  const weekday = numberOf(last?.[1] ?? nth?.[1] ?? "", weekdayRule);
  if (weekday === null || !inRange(weekday, 0, 7)) return null;
  return `${weekday % 7}#${last ? "L" : nth?.[2]}`;
}

const weekdayRule: FieldRule = { name: "day of week", min: 0, max: 6, names: weekdays, special: specialWeekday };

/** The five fields in the order they are written. */
export const fieldRules = [
  { name: "minute", min: 0, max: 59, names: [], special: nothingSpecial },
  { name: "hour", min: 0, max: 23, names: [], special: nothingSpecial },
  { name: "day of month", min: 1, max: 31, names: [], special: specialDay },
  { name: "month", min: 1, max: 12, names: months, special: nothingSpecial },
  weekdayRule,
] as const satisfies readonly FieldRule[];

const anyField = ({ min, max }: FieldRule): CronField => ({
  values: new Set(Array.from({ length: max - min + 1 }, (_, index) => min + index)),
  special: [],
  every: true,
  text: "*",
});
const anyDay = anyField(fieldRules[2]);
const anyWeekday = anyField(weekdayRule);

/** Parses one field; answers the reason in words when it cannot be read. */
export function parseField(text: string, rule: FieldRule): CronField | { readonly problem: string } {
  const values = new Set<number>();
  const special: string[] = [];
  for (const item of text.toUpperCase().split(",")) {
    const specialItem = rule.special(item);
    if (specialItem !== null) {
      special.push(specialItem);
      continue;
    }
    const range = parseItem(item, rule);
    if (typeof range === "string") return { problem: `"${text}" is not a valid ${rule.name}: ${range}` };
    for (const value of range) values.add(value);
  }
  return { values, special, every: values.size === rule.max - rule.min + 1, text };
}

/**
 * Day of month and day of week, both restricted, mean either. So a field that lists all its days beside a restricted one
 * (`0 0 1-31 * MON`) means every day, where a star (`0 0 * * MON`) leaves the choice to the other field.
 */
export function combineDays(dayOfMonth: CronField, dayOfWeek: CronField): readonly [CronField, CronField] {
  const listsAll = (field: CronField, other: CronField) =>
    field.every && !/^[*?]$/.test(field.text) && !other.every && !/[*?]/.test(other.text);
  if (listsAll(dayOfMonth, dayOfWeek)) return [dayOfMonth, anyWeekday];
  if (listsAll(dayOfWeek, dayOfMonth)) return [anyDay, dayOfWeek];
  return [dayOfMonth, dayOfWeek];
}

/** The field in the plainest form: a star, or its values in order and what depends on the month. */
export function formatField(field: CronField): string {
  if (field.every) return "*";
  return [...[...field.values].sort((a, b) => a - b), ...field.special].join(",");
}

function parseItem(item: string, rule: FieldRule): readonly number[] | string {
  const parts = /^([^/]+)(?:\/(\d{1,4}))?$/.exec(item);
  if (!parts) return item === "" ? "an item of the list is empty" : `"${item}" is not understood`;
  const size = rule.max - rule.min + 1;
  const step = parts[2] === undefined ? null : Number(parts[2]);
  if (step !== null && !inRange(step, 1, size)) return `a step is between 1 and ${size}`;
  const range = parseRange(parts[1] ?? "", step, rule);
  return typeof range === "string" ? range : valuesOf(range, step ?? 1, rule);
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function parseRange(text: string, step: number | null, rule: FieldRule): Range | string {
  if (text === "*" || (text === "?" && rule.name.startsWith("day"))) return { from: rule.min, to: rule.max };
  const ends = text.split("-");
  const [from, to] = [numberOf(ends[0] ?? "", rule), numberOf(ends[1] ?? ends[0] ?? "", rule)];
  if (ends.length > 2 || from === null || to === null) return `"${text}" is not understood`;
  // Sunday may be written 7.
  const max = rule === weekdayRule ? 7 : rule.max;
  for (const end of [from, to]) if (!inRange(end, rule.min, max)) return `${end} is not between ${rule.min} and ${max}`;
  // `5/15` starts at 5 and goes on to the end of the field.
  return ends.length === 1 && step !== null ? { from, to: Math.max(from, rule.max) } : { from, to };
}

/** The values of a range; one that ends before it starts goes round (`22-3`, `FRI-MON`). */
function valuesOf({ from, to }: Range, step: number, rule: FieldRule): readonly number[] {
  const size = rule.max - rule.min + 1;
  const end = to < from ? to + size : to;
  const values: number[] = [];
  for (let value = from; value <= end; value += step) values.push(((value - rule.min) % size) + rule.min);
  return values;
}

function numberOf(text: string, rule: FieldRule): number | null {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  const index = rule.names.indexOf(text);
  return index < 0 ? null : index + rule.min;
}

function inRange(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}
