/**
 * When a cron schedule fires, told a second time and by brute force: offsets come from `Intl`, fields are plain sets, and the
 * walk goes minute by minute. It shares no code with the timetables. The rule is Airflow's (`CronMixin` in
 * `airflow/timetables/_cron.py`): the expression is matched against the wall clock, and the wall time found becomes an instant,
 * the later one where the clock shows it twice and the one past the gap where it never shows it; an hour field that leaves
 * nothing out goes on by elapsed time instead, as long as the next tick is within the hour.
 */
export interface Fields {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  /** Null = not restricted. */
  readonly daysOfMonth: ReadonlySet<number> | null;
  readonly months: ReadonlySet<number> | null;
  /** 0 = Sunday. Null = not restricted. */
  readonly daysOfWeek: ReadonlySet<number> | null;
}

/** A change of offset. Milliseconds; offsets are ahead of UTC. */
export interface Change {
  readonly zone: string;
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** The expression as text. @example cronText({ minutes: new Set([0]), hours: new Set([6]), … }) // "0 6 * * *" */
export function cronText({ minutes, hours, daysOfMonth, months, daysOfWeek }: Fields): string {
  const list = (values: ReadonlySet<number> | null, all: number): string =>
    values === null || values.size === all ? "*" : [...values].join(",");
  return [list(minutes, 60), list(hours, 24), list(daysOfMonth, 0), list(months, 0), list(daysOfWeek, 0)].join(" ");
}

/** Milliseconds ahead of UTC, asked of `Intl`. Offsets of history have seconds. */
function offsetsOf(zone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  return (instant) => {
    const name = format.formatToParts(instant).find((part) => part.type === "timeZoneName")?.value ?? "";
    const found = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(name);
    if (!found) throw new Error(`${zone}: "${name}" is not an offset`);
    const [, sign, hours = "0", minutes = "0", seconds = "0"] = found;
    return (sign === "-" ? -1 : 1) * (Number(hours) * hour + Number(minutes) * minute + Number(seconds) * 1_000);
  };
}

/** All changes of a zone's offset between two instants, found by looking every four days and halving. */
export function changesOf(zone: string, from: number, to: number): readonly Change[] {
  const offsetAt = offsetsOf(zone);
  const changes: Change[] = [];
  let before = offsetAt(from);
  for (let start = from; start < to; start += 4 * day) {
    const after = offsetAt(start + 4 * day);
    if (after !== before) changes.push({ zone, at: boundary(offsetAt, start, start + 4 * day), before, after });
    before = after;
  }
  return changes;
}

function boundary(offsetAt: (instant: number) => number, from: number, to: number): number {
  const before = offsetAt(from);
  let [low, high] = [from, to];
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2_000) * 1_000;
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** The instants after `from` and until `to` at which the schedule fires, in a zone whose offset changes once in between. */
export function firesAround(fields: Fields, change: Change, { from, to }: { from: number; to: number }): number[] {
  const everyHour = fields.hours.size === 24;
  const fires: number[] = [];
  let at = from;
  for (;;) {
    const wall = at + (at < change.at ? change.before : change.after);
    const next = nextWallMinute(fields, wall, wall + 800 * day);
    if (next === null) return fires;
    const wait = next - wall;
    const instant = everyHour && wait <= hour ? at + wait : instantOf(next, change);
    if (instant > to) return fires;
    if (instant > at) fires.push(instant);
    // Only odd zones of history come here: two wall minutes that are one instant.
    at = Math.max(instant, at + 1);
  }
}

function instantOf(wall: number, { at, before, after }: Change): number {
  const early = wall - before;
  const late = wall - after;
  if (late >= at) return early < at ? Math.max(early, late) : late;
  return early;
}

function nextWallMinute(fields: Fields, wall: number, limit: number): number | null {
  let next = Math.floor(wall / minute) * minute + minute;
  while (next <= limit) {
    if (!isDay(fields, new Date(next))) next = Math.floor(next / day) * day + day;
    else if (!fields.hours.has(new Date(next).getUTCHours())) next = Math.floor(next / hour) * hour + hour;
    else if (fields.minutes.has(new Date(next).getUTCMinutes())) return next;
    else next += minute;
  }
  return null;
}

function isDay({ daysOfMonth, months, daysOfWeek }: Fields, date: Date): boolean {
  if (months && !months.has(date.getUTCMonth() + 1)) return false;
  const byMonth = daysOfMonth?.has(date.getUTCDate());
  const byWeek = daysOfWeek?.has(date.getUTCDay());
  if (byMonth === undefined) return byWeek ?? true;
  // Both restricted mean either: cron's rule since its beginning.
  return byMonth || (byWeek ?? false);
}
