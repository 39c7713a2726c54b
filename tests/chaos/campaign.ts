import { setTimeout as pause } from "node:timers/promises";
import { type Ledger, startLedger } from "../support/ledger.ts";
import { chanceFrom } from "./chance.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { commitNow, type Repetition } from "./report.ts";
import { type ChaosRow, type RowEnd, rowName, since } from "./row.ts";
import { brokenInvariants } from "./verify.ts";

/** One repetition that is to be done. */
export interface Task {
  readonly row: ChaosRow;
  /** Chooses moments and victims. */
  readonly seed: number;
}

export interface CampaignOptions {
  readonly tasks: readonly Task[];
  /** Told of each repetition as it ends. */
  readonly done: (row: ChaosRow, repetition: Repetition) => void;
}

/** A repetition that takes longer has failed. */
const limitMs = 480_000;
/** A database that grows and processes that age would make later rows another trial than earlier ones. */
const repetitionsPerCluster = 25;

/**
 * Does one repetition after the other. Whatever becomes of one, the next one begins: a cluster that a failure may have left in any
 * state is thrown away.
 */
export async function runCampaign({ tasks, done }: CampaignOptions): Promise<void> {
  const ledger = await startLedger();
  const commit = commitNow();
  const clusters = createClusters(ledger);
  try {
    for (const { row, seed } of tasks) done(row, await repeat(row, { seed, commit, ledger, clusters }));
  } finally {
    await clusters.stop();
    await ledger.stop();
  }
}

interface Surroundings {
  readonly seed: number;
  readonly commit: string;
  readonly ledger: Ledger;
  readonly clusters: Clusters;
}

async function repeat(row: ChaosRow, { seed, commit, ledger, clusters }: Surroundings): Promise<Repetition> {
  const at = new Date().toISOString();
  const again = `npm run chaos -- --row '${rowName(row)}' --times 1 --seed ${seed}`;
  const base = { seed, commit, at, again };
  let cluster: Cluster | undefined;
  let began = performance.now();
  try {
    cluster = await clusters.get(row.proxies);
    began = performance.now();
    const trial = row.run({ cluster, ledger, chance: chanceFrom(seed * 1_000 + row.row) });
    const end = await Promise.race([trial, tooLate()]);
    const problems = [...end.problems, ...(await aftermath(cluster))];
    if (problems.length === 0) return { ...base, outcome: "passed", took: since(began), ...end, problems };
    return { ...base, ...(await failed(cluster, clusters, problems)), took: since(began), hit: end.hit };
  } catch (error) {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const ends = cluster?.unexpectedEnds().map(endWords) ?? [];
    return { ...base, ...(await failed(cluster, clusters, [words, ...ends])), took: since(began), hit: "" };
  }
}

async function tooLate(): Promise<RowEnd> {
  await pause(limitMs, undefined, { ref: false });
  return { hit: "", recovery: null, problems: [`it did not end within ${limitMs / 1_000} s`] };
}

const endWords = (end: string): string => `not killed, and ended: ${end}`;

/** What is wrong with the cluster when a row is over. */
async function aftermath(cluster: Cluster): Promise<readonly string[]> {
  cluster.healLinks();
  const problems: string[] = [];
  await cluster.untilWell().catch((error: unknown) => problems.push(String(error)));
  problems.push(...cluster.unexpectedEnds().map(endWords));
  problems.push(...(await brokenInvariants(cluster.databaseUrl).catch((error: unknown) => [String(error)])));
  return problems;
}

type Failed = Pick<Repetition, "outcome" | "recovery" | "problems" | "lastWords">;

async function failed(cluster: Cluster | undefined, clusters: Clusters, problems: readonly string[]): Promise<Failed> {
  const lastWords = cluster?.lastWords() ?? {};
  await clusters.stop();
  return { outcome: "failed", recovery: null, problems: [...new Set(problems)], lastWords };
}

interface Clusters {
  get(proxies: boolean): Promise<Cluster>;
  stop(): Promise<void>;
}

/** One cluster at a time. */
function createClusters(ledger: Ledger): Clusters {
  let current: { readonly cluster: Cluster; readonly proxies: boolean; uses: number } | undefined;
  const stop = async (): Promise<void> => {
    const old = current?.cluster;
    current = undefined;
    await old?.stop();
  };
  return {
    stop,
    get: async (proxies) => {
      if (current?.proxies !== proxies || current.uses >= repetitionsPerCluster) await stop();
      current ??= { cluster: await startCluster({ ledgerUrl: ledger.url, proxies }), proxies, uses: 0 };
      current.uses += 1;
      return current.cluster;
    },
  };
}
