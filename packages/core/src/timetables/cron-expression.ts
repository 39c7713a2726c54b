import { Cron } from "croner";
import { AirloomError } from "../errors.ts";
import { type CronField, combineDays, fieldRules, formatField, parseField } from "./cron-field.ts";

/** A compiled cron expression over local times: milliseconds of a wall clock, read as if it were UTC. */
export interface CronExpression {
  /** As the author wrote it. */
  readonly text: string;
  readonly minute: CronField;
  readonly hour: CronField;
  readonly dayOfMonth: CronField;
  readonly month: CronField;
  readonly dayOfWeek: CronField;
  readonly everyDay: boolean;
  /** The first match after a local time; null when there is none. */
  after(local: number): number | null;
  /** The last match at or before a local time; null when there is none. */
  atOrBefore(local: number): number | null;
}

const presets: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@quarterly": "0 0 1 */3 *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

const maxCompiled = 5_000;
const compiled = new Map<string, CronExpression>();

/**
 * Compiles a cron expression of five fields, or a preset such as `@daily`. Beyond the usual: names (`MON`, `JAN`), `L`,
 * `LW`, `15W`, `FRI#2`, `L5`, `5/15` (from 5 on), ranges that go round (`22-3`). Day of month and day of week both
 * restricted means either (the rule of cron since its beginning). Equal expressions are compiled once.
 * @throws AirloomError TIMETABLE_INVALID naming the expression and the field.
 * @example parseCron("0 6 * * MON-FRI").after(Date.UTC(2026, 0, 3)); // Monday 5 January, 06:00
 */
export function parseCron(text: string): CronExpression {
  const known = compiled.get(text);
  if (known) return known;
  const expression = compile(text);
  if (compiled.size >= maxCompiled) compiled.clear();
  compiled.set(text, expression);
  return expression;
}

function compile(text: string): CronExpression {
  const [minute, hour, dayOfMonth, dayOfWeek, month] = parseFields(text);
  const fields = [minute, hour, dayOfMonth, month, dayOfWeek].map(formatField).join(" ");
  const matcher = createMatcher(text, fields);
  // Croner walks centuries before it gives up on a date such as 31 February: find out once.
  const possible = matcher.nextRun(new Date(0)) !== null;
  return {
    text,
    minute,
    hour,
    dayOfMonth,
    month,
    dayOfWeek,
    everyDay: dayOfMonth.every && month.every && dayOfWeek.every,
    after: (local) => (possible ? (matcher.nextRun(new Date(local))?.getTime() ?? null) : null),
    // Croner answers strictly before; one millisecond more makes it "at or before".
    atOrBefore: (local) => (possible ? (matcher.previousRuns(1, new Date(local + 1))[0]?.getTime() ?? null) : null),
  };
}

/** Minute, hour, day of month, day of week, month. */
type Fields = readonly [CronField, CronField, CronField, CronField, CronField];

function parseFields(text: string): Fields {
  const parts = (presets[text.trim().toLowerCase()] ?? text).trim().split(/\s+/);
  const problem = problemOf(text, parts);
  if (problem) throw invalid(text, problem);
  const field = (index: 0 | 1 | 2 | 3 | 4) => {
    const parsed = parseField(parts[index] ?? "", fieldRules[index]);
    if ("problem" in parsed) throw invalid(text, parsed.problem);
    return parsed;
  };
  return [field(0), field(1), ...combineDays(field(2), field(4)), field(3)];
}

function problemOf(text: string, parts: readonly string[]): string | null {
  if (text.trim() === "") return "it is empty";
  if (text.trim().startsWith("@")) {
    return parts.length === 5 ? null : `there is no such preset; there are ${Object.keys(presets).join(", ")}`;
  }
  if (parts.length === 5) return null;
  const seconds = parts.length === 6 ? "; for seconds use an interval, such as every 30 s" : "";
  return `it has ${parts.length} field${parts.length === 1 ? "" : "s"}, not five${seconds}`;
}

function createMatcher(text: string, fields: string): Cron {
  try {
    return new Cron(fields, { mode: "5-part", utcOffset: 0, domAndDow: false });
  } catch (cause) {
    throw invalid(text, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function invalid(text: string, reason: string, cause?: unknown): AirloomError {
  return new AirloomError("TIMETABLE_INVALID", { schedule: text, reason }, cause === undefined ? {} : { cause });
}
