import { z } from "zod";

/** A date and time of ISO-8601; without an offset it is UTC (as Airflow). */
export const instant = z
  .string()
  .max(64)
  .transform((text, context) => {
    const zoned = /(z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : text.includes("T") ? `${text}Z` : text;
    const date = new Date(zoned.replace(/ (?=\d{2}:?\d{2}$)/, "+"));
    if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(date.getTime())) {
      context.addIssue({ code: "custom", message: "Input should be a valid datetime, such as 2026-01-31T06:00:00Z" });
      return z.NEVER;
    }
    return date;
  })
  .meta({ format: "date-time" });

/** As answers carry it: UTC, or null. */
export const iso = (date: Date | null): string | null => date?.toISOString() ?? null;

/** Seconds between two instants; null unless both are known. */
export const secondsBetween = (from: Date | null, to: Date | null): number | null =>
  from && to ? (to.getTime() - from.getTime()) / 1_000 : null;
