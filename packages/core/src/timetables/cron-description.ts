import type { CronExpression } from "./cron-expression.ts";
import type { CronField } from "./cron-field.ts";

const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ordinals: Readonly<Record<string, string>> = {
  "1": "first",
  "2": "second",
  "3": "third",
  "4": "fourth",
  "5": "fifth",
  L: "last",
};
const maxTimes = 4;

/** A cron expression in English. @example describeCron(parseCron("0 6 * * MON")) // "At 06:00 on Monday" */
export function describeCron(cron: CronExpression): string {
  return [describeTime(cron), describeDays(cron), describeMonths(cron)].filter((part) => part !== "").join(" ");
}

function describeTime({ minute, hour }: CronExpression): string {
  const minutes = sorted(minute);
  const hours = sorted(hour);
  if (!hour.every && minutes.length * hours.length <= maxTimes) {
    return `At ${list(hours.flatMap((h) => minutes.map((m) => `${pad(h)}:${pad(m)}`)))}`;
  }
  const when = describeMinutes(minute);
  return hour.every && when.startsWith("Every") ? when : `${when}${describeHours(hour)}`;
}

function describeMinutes(minute: CronField): string {
  if (minute.every) return "Every minute";
  const minutes = sorted(minute);
  const step = evenStep(minutes, 60);
  if (step !== null && minutes[0] === 0) return `Every ${step} minutes`;
  return `At minute${minutes.length > 1 ? "s" : ""} ${list(minutes.map(String))}`;
}

function describeHours(hour: CronField): string {
  if (hour.every) return " of every hour";
  const hours = sorted(hour);
  const step = evenStep(hours, 24);
  if (step !== null && hours[0] === 0) return ` of every ${ordinal(step)} hour`;
  const first = hours[0] ?? 0;
  const last = hours.at(-1) ?? 0;
  if (hours.length > 2 && last - first === hours.length - 1) return ` of the hours from ${pad(first)} to ${pad(last)}`;
  return ` of the hour${hours.length > 1 ? "s" : ""} ${list(hours.map(pad))}`;
}

function describeDays({ dayOfMonth, dayOfWeek }: CronExpression): string {
  const parts: string[] = [];
  if (!dayOfMonth.every) {
    const days = [...sorted(dayOfMonth).map((day) => `day ${day}`), ...dayOfMonth.special.map(specialDay)];
    parts.push(`on ${list(days)} of the month`);
  }
  if (!dayOfWeek.every) parts.push(`on ${describeWeekdays(dayOfWeek)}`);
  return parts.join(" or ");
}

function describeWeekdays(field: CronField): string {
  const days = sorted(field);
  if (field.special.length === 0 && days.join() === "1,2,3,4,5") return "Monday to Friday";
  return list([...days.map((day) => weekdays[day] ?? ""), ...field.special.map(specialWeekday)]);
}

function describeMonths({ month }: CronExpression): string {
  if (month.every) return "";
  return `in ${list(sorted(month).map((value) => months[value - 1] ?? ""))}`;
}

function specialDay(item: string): string {
  if (item === "L") return "the last day";
  if (item === "LW") return "the last weekday";
  return `the weekday nearest day ${item.slice(0, -1)}`;
}

function specialWeekday(item: string): string {
  const [day, nth] = item.split("#");
  return `the ${ordinals[nth ?? ""]} ${weekdays[Number(day)]} of the month`;
}

/** The distance between values that divide a cycle evenly; null when they do not. */
function evenStep(values: readonly number[], cycle: number): number | null {
  const step = cycle / values.length;
  const even = values.length > 1 && values.every((value, index) => value === (values[0] ?? 0) + index * step);
  return even ? step : null;
}

function sorted({ values }: CronField): readonly number[] {
  return [...values].sort((a, b) => a - b);
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

function ordinal(value: number): string {
  return value === 2 ? "second" : value === 3 ? "third" : `${value}th`;
}

function list(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
