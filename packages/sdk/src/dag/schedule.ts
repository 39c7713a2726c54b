import { type Duration, parseDuration, type TimetableSpec } from "@airloom/core";
import { dagInvalid } from "../authoring-error.ts";

/** A schedule made by `cron()`, `every()`, `once` or `continuous`. */
export interface ScheduleValue {
  readonly timetable: TimetableSpec;
}

type Preset = keyof typeof presets | "@once" | "@continuous" | "@none";

/** When runs are made: a cron expression or preset (UTC), what the schedule functions give, or null for never. */
export type Schedule = ScheduleValue | Preset | (string & {}) | null;

const presets = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@quarterly": "0 0 1 */3 *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
} as const;

const simple: Readonly<Record<string, TimetableSpec>> = {
  "@none": { kind: "none" },
  "@once": { kind: "once" },
  "@continuous": { kind: "continuous" },
};

/**
 * Runs by cron. Several expressions: at each instant that fits one of them.
 * @param options `timezone`: an IANA name, default "UTC". `interval`: "point" (default) makes a run at each instant; "data" one
 * per interval between two, after its end, with the interval's start as logical date.
 * @example cron("0 6 * * 1-5", { timezone: "Europe/London" })
 */
export function cron(
  expressions: string | readonly string[],
  options: { readonly timezone?: string; readonly interval?: "point" | "data" } = {},
): ScheduleValue {
  const list = typeof expressions === "string" ? [expressions] : [...expressions];
  const { timezone = "UTC", interval = "point" } = options;
  return {
    timetable: { kind: "cron", expressions: list.map((text) => expand(text)), timezone: checkZone(timezone), interval },
  };
}

/** Runs a fixed time apart, whatever the clocks do. @example every("90m") */
export const every = (length: Duration, options: { readonly interval?: "point" | "data" } = {}): ScheduleValue => ({
  timetable: { kind: "delta", seconds: parseDuration(length), interval: options.interval ?? "point" },
});

/** One run, as soon as possible. */
export const once: ScheduleValue = { timetable: { kind: "once" } };

/** One run after another. */
export const continuous: ScheduleValue = { timetable: { kind: "continuous" } };

/** The stored form of what an author gave. */
export function toTimetable(schedule: Schedule | undefined): TimetableSpec {
  if (schedule === null || schedule === undefined) return { kind: "none" };
  if (typeof schedule === "object" && typeof schedule.timetable?.kind === "string") return schedule.timetable;
  // Not every author has types checked.
  if (typeof schedule !== "string")
    throw dagInvalid(
      `The schedule is ${typeof schedule === "object" ? "an object" : `a ${typeof schedule}`} that no function of Airloom made`,
      "Give a cron expression as text, a preset, or what cron() or every() returns.",
    );
  return Object.hasOwn(simple, schedule) ? (simple[schedule] as TimetableSpec) : cron(schedule).timetable;
}

function expand(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith("@")) return trimmed;
  if (Object.hasOwn(presets, trimmed)) return presets[trimmed as keyof typeof presets];
  const known = [...Object.keys(presets), ...Object.keys(simple)].join(", ");
  throw dagInvalid(`The schedule ${JSON.stringify(text)} is not known`, `Presets are: ${known}.`);
}

function checkZone(timezone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    return timezone;
  } catch {
    throw dagInvalid(
      `The time zone ${JSON.stringify(timezone)} is not known`,
      'Use an IANA name, such as "Europe/London".',
    );
  }
}
