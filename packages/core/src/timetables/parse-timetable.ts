import { formatDuration } from "../duration.ts";
import { AirloomError } from "../errors.ts";
import { describeCron } from "./cron-description.ts";
import { parseCron } from "./cron-expression.ts";
import { cronDataPlan, deltaDataPlan } from "./data-plans.ts";
import { cronPointPlan, deltaPointPlan } from "./point-plans.ts";
import { continuousPlan, nonePlan, oncePlan } from "./simple-plans.ts";
import { cronTicks, unionTicks } from "./ticks.ts";
import { createTimetable, type Timetable } from "./timetable.ts";
import type { TimetableSpec } from "./timetable-spec.ts";
import { parseZone } from "./zone.ts";

const century = 36_525 * 86_400;

/**
 * The timetable of a stored schedule. Cheap: expressions and time zones are compiled once.
 * @throws AirloomError TIMETABLE_INVALID naming the expression and what is wrong with it.
 * @example
 * const daily = parseTimetable({ kind: "cron", expressions: ["0 6 * * *"], timezone: "Europe/London", interval: "point" });
 * daily.nextRun({ last: null, startDate: null, endDate: null, catchup: false, now });
 */
export function parseTimetable(spec: TimetableSpec): Timetable {
  switch (spec.kind) {
    case "none":
      return createTimetable({ summary: "None", description: "Never, only when triggered" }, nonePlan);
    case "once":
      return createTimetable({ summary: "@once", description: "Once, as soon as possible" }, oncePlan);
    case "continuous":
      return createTimetable(
        { summary: "@continuous", description: "As often as possible, one run at a time" },
        continuousPlan,
      );
    case "cron":
      return cronTimetable(spec);
    case "delta":
      return deltaTimetable(spec);
  }
}

function cronTimetable(spec: TimetableSpec & { kind: "cron" }): Timetable {
  if (spec.expressions.length === 0) {
    throw new AirloomError("TIMETABLE_INVALID", { schedule: "cron", reason: "it has no cron expression" });
  }
  const zone = parseZone(spec.timezone);
  const crons = spec.expressions.map(parseCron);
  const sources = crons.map((cron) => cronTicks(cron, zone));
  const words = {
    summary: `${spec.expressions.join(", ")} (${spec.timezone})`,
    description: `${crons.map(describeCron).join("; ")}, ${spec.timezone}`,
  };
  return createTimetable(words, spec.interval === "data" ? cronDataPlan(unionTicks(sources)) : cronPointPlan(sources));
}

function deltaTimetable({ seconds, interval }: TimetableSpec & { kind: "delta" }): Timetable {
  const length = Math.round(seconds * 1000);
  if (!(length >= 1 && seconds <= century)) {
    const reason = "the time between runs must be more than 0 and at most 100 years";
    throw new AirloomError("TIMETABLE_INVALID", { schedule: `every ${seconds} s`, reason });
  }
  const every = `every ${formatDuration(length / 1000)}`;
  const words = { summary: every, description: `E${every.slice(1)}` };
  return createTimetable(words, interval === "data" ? deltaDataPlan(length) : deltaPointPlan(length));
}
