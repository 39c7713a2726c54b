import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TemporaryProject } from "../../support/temporary-project.ts";
import { until } from "../../support/until.ts";
import { startCluster } from "../cluster.ts";
import { type ChaosRow, type Place, type RowEnd, since } from "../row.ts";
import { endProblems, holdingAtWork, pingMs, triesUsed } from "../runs.ts";
import { brokenInvariants } from "../verify.ts";

const mountArguments = (home: string): readonly string[] => ["-t", "tmpfs", "-o", "size=320m,mode=0755", "tmpfs", home];

const run = (command: string, args: readonly string[]): boolean => spawnSync(command, [...args]).status === 0;

function mountHome({ home }: TemporaryProject): void {
  mkdirSync(home, { recursive: true });
  if (!run("mount", mountArguments(home))) throw new Error("the small disk could not be mounted");
}

/** The home is on a disk of 320 MB that is full for a while, database and all. */
async function full({ ledger, chance }: Place): Promise<RowEnd> {
  let home = "";
  const cluster = await startCluster({
    ledgerUrl: ledger.url,
    proxies: true,
    prepare: (project) => {
      home = project.home;
      mountHome(project);
    },
  });
  try {
    const own: Place = { cluster, ledger, chance };
    const begun = await holdingAtWork(own, { width: 6, ms: 2_000 });
    const acknowledged = [begun];
    const filler = join(home, "filler");
    fill(filler);
    let refused = 0;
    const ends = performance.now() + 5_000;
    for (let turn = 0; performance.now() < ends; turn += 1) {
      fill(`${filler}-${turn}`);
      const body = { logical_date: null, conf: { width: 1, ms: 10, text: "x".repeat(100_000) } };
      const made = await cluster.api.ask<typeof begun>("POST", "/api/v2/dags/holding/dagRuns", body).catch(() => null);
      if (made?.status === 200) acknowledged.push(made.body);
      else refused += 1;
      for (let again = 0; again <= turn; again += 1) rmSync(`${filler}-${again}`, { force: true });
    }
    rmSync(filler, { force: true });
    const began = performance.now();
    await until("all is well", () => pingMs(own, 5_000), { within: 60_000 });
    const recovery = since(began);
    const problems = [...(await endProblems(own, begun, 6)), ...(await triesUsed(own, begun))];
    for (const one of acknowledged) {
      const state = await cluster.api.ended(one).catch((error: unknown) => String(error));
      if (state !== "success") problems.push(`an acknowledged run: ${state}`);
    }
    problems.push(...cluster.unexpectedEnds(), ...(await brokenInvariants(cluster.databaseUrl)));
    if (refused === 0) problems.push("nothing was refused: the disk was not full");
    const hit = `a full disk for 5 s: ${acknowledged.length - 1} runs acknowledged, ${refused} refused`;
    return { hit, recovery, problems };
  } finally {
    await cluster.stop().finally(() => run("umount", ["-l", home]));
  }
}

/** Takes all the space there is. */
function fill(file: string): void {
  for (const size of [8_388_608, 65_536, 4_096]) {
    try {
      for (let left = free(file); left > size; left = free(file))
        writeFileSync(file, Buffer.alloc(size), { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}

function free(file: string): number {
  const { bavail, bsize } = statfsSync(join(file, ".."));
  return bavail * bsize;
}

export const diskRows: readonly ChaosRow[] = [
  {
    row: 20,
    part: "",
    promise: "a full disk loses no acknowledged write, and all goes on by itself when there is room again",
    proxies: true,
    cannot: () => (process.getuid?.() === 0 ? null : "mounting a small disk takes root"),
    run: full,
  },
];
