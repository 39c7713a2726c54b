import { type Ledger, startLedger } from "../support/ledger.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import type { FaultName } from "./faults.ts";
import { calmRun, runTrial, type Trial, type TrialParts } from "./trial.ts";

/** What a row of the failure catalogue came to. Times in seconds. */
export interface RowReport {
  readonly row: FaultName;
  readonly times: number;
  readonly passed: number;
  readonly failed: number;
  /** Of quick runs where there were any: in slow ones a long task is a stall by itself. */
  readonly stall: Spread;
  readonly end: Spread;
  readonly problems: readonly { readonly trial: Trial; readonly lastWords: Readonly<Record<string, string>> }[];
}

interface Spread {
  readonly median: number | null;
  readonly longest: number | null;
}

export interface CampaignOptions {
  readonly rows: readonly FaultName[];
  readonly times: number;
  /** Chooses moments and victims. */
  readonly seed: number;
  /** Told of each trial as it ends. */
  readonly tell: (line: string) => void;
}

/** Does each fault so many times, on one cluster, and says what became of it. */
export async function runCampaign(options: CampaignOptions): Promise<readonly RowReport[]> {
  const ledger = await startLedger();
  try {
    const cluster = await startCluster(ledger.url);
    try {
      return await runRows({ ...options, cluster, ledger });
    } finally {
      await cluster.stop();
    }
  } finally {
    await ledger.stop();
  }
}

interface Campaign extends CampaignOptions {
  readonly cluster: Cluster;
  readonly ledger: Ledger;
}

async function runRows(campaign: Campaign): Promise<readonly RowReport[]> {
  // The first one starts the children: it says nothing of those that follow.
  await calmRun(campaign, "quick");
  const quick = await calmRun(campaign, "quick");
  const slow = await calmRun(campaign, "slow");
  const calmMs = { quick, slow, slowest: await calmRun(campaign, "slowest") };
  campaign.tell(`untouched runs, ms: ${JSON.stringify(calmMs)}`);
  const reports: RowReport[] = [];
  for (const row of campaign.rows) reports.push(await runRow(row, campaign, calmMs));
  return reports;
}

async function runRow(row: FaultName, campaign: Campaign, calmMs: TrialParts["calmMs"]): Promise<RowReport> {
  const { times, cluster, ledger, tell } = campaign;
  const chance = chanceFrom(campaign.seed);
  const trials: Trial[] = [];
  const problems: { trial: Trial; lastWords: Readonly<Record<string, string>> }[] = [];
  // A run that was over before the fault proves nothing: it does not count, and must not be the rule.
  for (let tries = 0; trials.length < times && tries < times * 3 + 3; tries += 1) {
    const trial = await runTrial(row, { cluster, ledger, chance, calmMs });
    if (!trial) continue;
    trials.push(trial);
    if (trial.problems.length > 0) problems.push({ trial, lastWords: cluster.lastWords() });
    tell(`${row} ${trials.length}/${times}: ${lineOf(trial)}`);
  }
  const failed = problems.length + (times - trials.length);
  return {
    row,
    times,
    passed: times - failed,
    failed,
    stall: stallOf(trials),
    end: spreadOf(trials.map(({ end }) => end)),
    problems,
  };
}

const lineOf = ({ pace, hit, after, stall, end, problems }: Trial): string =>
  `${hit} after ${after.toFixed(2)} s of a ${pace} run; stall ${stall} s, end ${end ?? "never"} s; ${
    problems.length === 0 ? "ok" : problems.join(" | ")
  }`;

function stallOf(trials: readonly Trial[]): Spread {
  const quick = trials.filter(({ pace }) => pace === "quick");
  return spreadOf((quick.length > 0 ? quick : trials).map(({ stall }) => stall));
}

function spreadOf(values: readonly (number | null)[]): Spread {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return { median: known[Math.floor(known.length / 2)] ?? null, longest: known.at(-1) ?? null };
}

/** Mulberry32: the same numbers for the same seed. */
function chanceFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
