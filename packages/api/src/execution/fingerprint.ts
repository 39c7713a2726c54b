import { createHash } from "node:crypto";
import type { FailureReport } from "@airloom/wire";

/** Failures of one cause share it: kind, class, and the message without what differs from one time to the next. */
export function fingerprintOf(failure: FailureReport): string {
  const words = `${failure.kind}|${failure.name}|${normalise(failure.message)}`;
  return createHash("sha256").update(words).digest("hex").slice(0, 16);
}

const normalise = (message: string): string =>
  message
    .split("\n", 1)
    .join("")
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, "<id>")
    .replace(/0x[0-9a-f]+|\b[0-9a-f]{12,}\b/gi, "<hex>")
    .replace(/\d+(\.\d+)?/g, "<n>")
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, "<text>")
    .slice(0, 300);
