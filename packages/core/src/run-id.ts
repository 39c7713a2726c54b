import { AirloomError } from "./errors.ts";
import { type RunType, runTypes } from "./states/dag-run-state.ts";

const allowed = /^[A-Za-z0-9_.~:+-]+$/;
const maxLength = 250;

/**
 * The id of a run: its type and the instant it may start from, `scheduled__2026-01-01T00:00:00+00:00`.
 * @param random tells runs of one instant apart; needed for those without a logical date.
 */
export function runId(type: RunType, runAfter: Date, random?: string): string {
  return `${type}__${isoInstant(runAfter)}${random ? `_${random}` : ""}`;
}

/**
 * Checks an id a user chose for a run of this type, and answers it.
 * @throws AirloomError RUN_ID_INVALID when it is too long, holds other characters, or looks like another type's id.
 */
export function parseRunId(id: string, type: RunType = "manual"): string {
  const reason = problemOf(id, type);
  if (reason !== null) throw new AirloomError("RUN_ID_INVALID", { runId: id, reason });
  return id;
}

function problemOf(id: string, type: RunType): string | null {
  if (id.length > maxLength) return `it has ${id.length} characters, at most ${maxLength} are allowed`;
  if (!allowed.test(id)) return "it may hold letters, digits and _ . ~ : + - only, and not be empty";
  const other = runTypes.find((name) => name !== type && id.startsWith(`${name}__`));
  return other ? `ids that start with ${other}__ belong to ${other} runs` : null;
}

/** As Python writes an instant, so that ids read alike: `+00:00` for UTC, and no fraction when it is zero. */
function isoInstant(instant: Date): string {
  const [seconds, fraction] = instant.toISOString().slice(0, -1).split(".");
  return `${seconds}${fraction === "000" ? "" : `.${fraction}000`}+00:00`;
}
