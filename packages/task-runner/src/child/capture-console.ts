import { format } from "node:util";
import type { LogLevel } from "@airloom/wire";
import type { ChildRecord } from "../protocol/messages.ts";
import { current, scopeNow } from "./attempt-scope.ts";

const levels = { log: "info", info: "info", debug: "debug", warn: "warn", error: "error", trace: "error" } as const;

/** Longest message that leaves the child; the supervisor cuts shorter still, after it has masked. */
const longestMessage = 64 * 1024;
/** Longest name of a group, and how many of those that are open a line names: the outermost. */
const longestGroup = 100;
const mostGroups = 8;

/** Turns `console` into log records of the attempt that calls it. What an ended attempt still says is dropped and noted. */
export function captureConsole(write: (record: ChildRecord) => void): void {
  for (const [name, level] of Object.entries(levels)) {
    console[name as keyof typeof levels] = (...args: unknown[]) => say(level, args, write);
  }
  console.group = (...label: unknown[]) => {
    if (label.length > 0) say("info", label, write);
    // Every line names them all.
    scopeNow()?.groups.push(words(label).slice(0, longestGroup));
  };
  console.groupCollapsed = console.group;
  console.groupEnd = () => {
    scopeNow()?.groups.pop();
  };
}

function say(level: LogLevel, args: readonly unknown[], write: (record: ChildRecord) => void): void {
  const scope = scopeNow();
  if (scope?.over) {
    current.late("it wrote to the console after it had ended");
    return;
  }
  const group = scope && scope.groups.length > 0 ? { group: groupWords(scope.groups) } : {};
  write({ ts: Date.now(), level, source: "task", msg: words(args).slice(0, longestMessage), ...group });
}

/** @example groupWords(["load", "orders"]) // "load / orders" */
export const groupWords = (groups: readonly string[]): string =>
  groups.length <= mostGroups
    ? groups.join(" / ")
    : `${groups.slice(0, mostGroups).join(" / ")} / … (${groups.length - mostGroups} more)`;

function words(args: readonly unknown[]): string {
  try {
    return format(...args);
  } catch (error) {
    return `(a value that cannot be shown: ${String(error)})`;
  }
}
