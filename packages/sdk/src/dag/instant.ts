import { dagInvalid } from "../authoring-error.ts";

const isoDay = /^\d{4}-\d{2}-\d{2}$/;
const isoTime = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?$/;
const isoOffset = /(Z|[+-]\d{2}:?\d{2})$/i;

/**
 * An author's instant as ISO-8601 in UTC. Text without an offset is UTC, never the local time of whatever machine parses it.
 * @example toInstant("startDate", "2026-01-01") // "2026-01-01T00:00:00.000Z"
 */
export function toInstant(name: string, value: string | Date | undefined): string | null {
  if (value === undefined) return null;
  const date = value instanceof Date ? value : new Date(withZone(value.trim()));
  if (Number.isNaN(date.getTime())) {
    throw dagInvalid(
      `\`${name}\` is ${JSON.stringify(String(value))}, which is no date`,
      'Write "2026-01-31", "2026-01-31T06:00" (UTC) or "2026-01-31T06:00+01:00".',
    );
  }
  return date.toISOString();
}

function withZone(text: string): string {
  if (isoDay.test(text)) return `${text}T00:00Z`;
  if (isoTime.test(text)) return `${text.replace(" ", "T")}Z`;
  return isoOffset.test(text) ? text : "not a date";
}
