/** An instant for people, to the second: `2026-01-02T03:04:05Z`; `-` for none. */
export function momentText(iso: string | null | undefined): string {
  if (!iso) return "-";
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : at.toISOString().replace(/\.\d+Z$/, "Z");
}

/** Seconds for people: `0.42 s`, `12 s`, `3 m 05 s`, `2 h 07 m`; `-` for none. */
export function secondsText(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "-";
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} m ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} m`;
}
