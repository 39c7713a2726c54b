import type { FailpointAction } from "@airloom/core";
import { type Ledger, startLedger } from "../support/ledger.ts";
import type { RunningAirloom } from "../support/running-airloom.ts";
import { until } from "../support/until.ts";
import type { Planned, PointName } from "./plan.ts";
import { type End, type System, startSystem } from "./system.ts";
import { problemsOf } from "./verify.ts";
import { type Done, type Place, workloads } from "./workloads.ts";

/** One action at one failpoint. */
export interface Trial {
  readonly point: PointName;
  readonly action: FailpointAction;
  /** What was armed. */
  readonly armed: string;
  /** From the moment it struck until all that was under way had come to its end. */
  readonly recoverySeconds: number | null;
  /** Of the longest workload; more than one may have to pass until the failpoint strikes. */
  readonly longestSeconds: number;
  /** Empty when all is as it must be. */
  readonly problems: readonly string[];
}

export interface CampaignOptions {
  readonly planned: readonly Planned[];
  readonly times: number;
  /** A number from 0 up to, not including, 1. */
  readonly chance: () => number;
  readonly tell: (line: string) => void;
}

/** Tries all that is planned, on one system. */
export async function runCampaign({ planned, times, chance, tell }: CampaignOptions): Promise<readonly Trial[]> {
  const ledger = await startLedger();
  try {
    const system = await startSystem(ledger.url);
    try {
      const trials: Trial[] = [];
      // What starts the children and fills the caches: it says nothing of those that follow.
      await warmUp({ system, ledger });
      for (const one of planned.flatMap((each) => Array.from({ length: times }, () => each))) {
        const trial = await runTrial(one, { system, ledger, chance, number: trials.length + 1 });
        trials.push(trial);
        tell(
          `${trial.armed}: ${trial.problems.length === 0 ? `ok, ${trial.recoverySeconds} s of ${trial.longestSeconds} s` : trial.problems.join(" | ")}`,
        );
      }
      return trials;
    } finally {
      await system.stop();
    }
  } finally {
    await ledger.stop();
  }
}

interface Parts {
  readonly system: System;
  readonly ledger: Ledger;
  readonly chance: () => number;
  readonly number: number;
}

async function warmUp({ system, ledger }: Pick<Parts, "system" | "ledger">): Promise<void> {
  const place: Place = { system, ledger, isHit: () => true, trial: 0, armed: () => "" };
  const { runs, problems } = await workloads["fan-out"](place);
  const found = [...problems, ...(await problemsOf(system.databaseUrl, ledger, runs))];
  if (found.length > 0) throw new Error(`a run in which nothing was armed: ${found.join("; ")}`);
}

/** Runs that may pass before the failpoint must have struck: which worker gets which task is not ours to say. */
const mostWorkloads = 3;

async function runTrial(planned: Planned, parts: Parts): Promise<Trial> {
  const { point, action } = planned;
  const { system, ledger, number } = parts;
  const armed = armedFor(planned, parts.chance);
  await system.untilWell();
  const strike = await arm(planned, armed(1), system);
  const place: Place = { system, ledger, isHit: () => strike.at() !== null, trial: number, armed };
  const problems: string[] = [];
  let ended = false;
  let recoveredAt = 0;
  let longest = 0;
  for (let tries = 1; tries === 1 || (!place.isHit() && tries <= mostWorkloads && problems.length === 0); tries += 1) {
    const beganAt = performance.now();
    const done = await perform(planned, place);
    recoveredAt = performance.now();
    longest = Math.max(longest, recoveredAt - beganAt);
    ended ||= done.ended ?? false;
    problems.push(...done.problems, ...(await problemsOf(system.databaseUrl, ledger, done.runs)));
  }
  const struck = strike.at();
  const recoverySeconds = struck === null ? null : seconds(Math.max(0, recoveredAt - struck));
  if (struck === null && planned.member !== "migration") problems.push("the failpoint was never reached");
  await system.untilWell().catch((error: unknown) => problems.push(String(error)));
  strike.over();
  problems.push(...surprises(system.ends(), strike.process, action === "crash" || ended));
  return { point, action, armed: armed(1), recoverySeconds, longestSeconds: seconds(longest), problems };
}

const seconds = (ms: number): number => Math.round(ms) / 1_000;

const perform = ({ workload }: Planned, place: Place): Promise<Done> =>
  workloads[workload](place).catch((error: unknown): Done => ({ runs: [], problems: [String(error)] }));

/** A pause shorter and one longer than a lease. */
const sleeps = [300, 3_000] as const;

function armedFor({ point, action, within, besides }: Planned, chance: () => number): (n: number) => string {
  const nth = 1 + Math.floor(chance() * within);
  const ms = chance() < 0.5 ? sleeps[0] : sleeps[1];
  const what = `${action}${action === "sleep" ? `:${ms}` : ""}${nth > 1 ? `@${nth}` : ""}`;
  return (n) =>
    [`${point.replace("<id>", "ticks").replace("<n>", String(n))}=${what}`, ...(besides ? [besides] : [])].join(";");
}

interface Strike {
  readonly process: RunningAirloom | null;
  /** When the failpoint struck, as far as its process has told; null before. */
  at(): number | null;
  over(): void;
}

async function arm({ member, point }: Planned, armed: string, system: System): Promise<Strike> {
  if (member === "migration") {
    const now = performance.now();
    return { process: null, at: () => now, over: () => {} };
  }
  const process = await system.arm(member, armed);
  const words = `failpoint ${point.replace("<id>", "ticks")}: `;
  let at: number | null = null;
  const look = (): number | null => {
    if (at === null && process.output().includes(words)) at = performance.now();
    return at;
  };
  const timer = setInterval(look, 5);
  await until("it is ready, or was stopped at once", () => look() !== null || / is ready/.test(process.output()), {
    within: 30_000,
  });
  return { process, at: look, over: () => clearInterval(timer) };
}

/** What ended, but for the armed process where it was to end. */
const surprises = (ends: readonly End[], armed: RunningAirloom | null, mayEnd: boolean): readonly string[] =>
  ends.filter(({ process }) => !(mayEnd && process === armed)).map(({ words }) => `ended unasked: ${words}`);
