import type { Check } from "../history.ts";
import { claimsAreReal, createdRunsAreThere, finishesAreReal, heartbeatsAreOwn, userMovesAreReal } from "./calls.ts";
import {
  attemptsCount,
  leasesAreKept,
  leasesGrow,
  leasesLast,
  legalMoves,
  noGaps,
  noOverlaps,
  oneAttemptPerToken,
  outcomesStay,
  successesAreMoves,
  wordsKeepLeases,
} from "./instances.ts";
import { limitsAreKept } from "./limits.ts";
import { rulesAreKept } from "./rules.ts";
import { cursorsGoOn, endedRunsAreOver, legalRunMoves, numbersHaveNoGap, ticksAreWhole } from "./runs.ts";

const hourMs = 3_600_000;

/** What no history may show, by the name it is reported under. */
export const checks: Readonly<Record<string, Check>> = {
  "illegal move": legalMoves,
  "gap between versions": noGaps,
  "attempt number": attemptsCount,
  "lease shrank": leasesGrow,
  "lease too short": leasesLast,
  "lease taken early": leasesAreKept,
  "lease gone by a user's word": wordsKeepLeases,
  "attempts overlap": noOverlaps,
  "token of two attempts": oneAttemptPerToken,
  "outcome changed": outcomesStay,
  "success without its move": successesAreMoves,
  "claim that is not": claimsAreReal,
  "finish that is not": finishesAreReal,
  "heartbeat of another": heartbeatsAreOwn,
  "user's move lost": userMovesAreReal,
  "run lost or doubled": createdRunsAreThere,
  "limit passed": limitsAreKept,
  "trigger rule broken": rulesAreKept,
  "illegal move of a run": legalRunMoves,
  "run ended or counted wrongly": endedRunsAreOver,
  "numbers of runs": numbersHaveNoGap,
  "cursor went back": cursorsGoOn,
  "scheduled run missing or doubled": ticksAreWhole(
    new Map([
      ["hourly", hourMs],
      ["daily", 24 * hourMs],
    ]),
  ),
};
