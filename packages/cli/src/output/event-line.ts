import type { RunEvent } from "@airloom/runs";

const pad = (value: number, width = 2): string => String(value).padStart(width, "0");

export const clockText = (at: Date): string =>
  `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`;

const marks: Readonly<Record<string, string>> = {
  success: "✓",
  failed: "✗",
  running: "▶",
  skipped: "↷",
  up_for_retry: "↻",
  upstream_failed: "✗",
};

/** Moves a person wants to see by default; the rest only at level debug. */
const quiet: ReadonlySet<string> = new Set(["none", "scheduled", "queued"]);

/** An event as a line for people; null when it is too small to be shown. */
export function eventLine(event: RunEvent, level: string): string | null {
  switch (event.event) {
    case "dagRun:created":
      return `+ ${event.dagId} ${event.runId} created`;
    case "dagRun:moved":
      return `${marks[event.to] ?? "·"} ${event.dagId} ${event.runId} ${event.to}${took(event.seconds)}`;
    case "dag:paused":
      return `‖ ${event.dagId} paused: ${event.reason}`;
    case "dag:unpaused":
      return `▶ ${event.dagId} unpaused: ${event.reason}`;
    case "dagRun:quarantined":
      return `✗ ${event.dagId} ${event.runId} ${setAside(event)}`;
    case "dag:quarantined":
      return `✗ ${event.dagId}: its next run cannot be made, ${setAside(event)}`;
    case "taskInstance:moved": {
      if (quiet.has(event.to) && level !== "debug") return null;
      const index = event.mapIndex < 0 ? "" : `[${event.mapIndex}]`;
      const again = event.tryNumber > 1 ? ` (try ${event.tryNumber})` : "";
      // A task that simply succeeded needs no reason.
      const code = event.code === "succeeded" ? null : event.code;
      const words = [code, event.reason].filter(Boolean).join(": ");
      const why = words === "" ? "" : ` — ${words}`;
      return `  ${marks[event.to] ?? "·"} ${event.dagId} ${event.taskId}${index} ${event.to}${again}${took(event.seconds)}${why}`;
    }
    default:
      return event satisfies never;
  }
}

const setAside = ({ code, reason, retryAt }: { code: string; reason: string; retryAt: Date }): string =>
  `set aside until ${clockText(retryAt)} — ${code}: ${reason}`;

const took = (seconds: number | null): string =>
  seconds === null ? "" : ` in ${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(0)} s`;
