import { commitPoint, type TaskSpec } from "@airloom/core";
import type { ClaimedRow, ClaimOptions, DagRunRow, Tx } from "@airloom/store";
import { taskInstanceMoved } from "./advance-runs.ts";
import type { RunsDeps } from "./deps.ts";
import { type Inputs, loadInputs, variablesOf } from "./inputs.ts";
import { quarantineRun, RunFault } from "./quarantine.ts";
import type { Version } from "./versions.ts";

/** A claimed attempt with all that its workload is made of. */
export interface Claimed {
  readonly instance: ClaimedRow;
  readonly run: DagRunRow;
  readonly version: Version;
  readonly task: TaskSpec;
  readonly inputs: Inputs;
  readonly variables: readonly string[];
}

/** Claims up to one queued attempt per token hash, best first. `repeat`: what the hashes already hold comes first. */
export async function claim(
  deps: RunsDeps,
  options: ClaimOptions & { readonly repeat?: boolean },
): Promise<readonly Claimed[]> {
  const tokenHashes = [...new Set(options.tokenHashes)];
  if (tokenHashes.length === 0) return [];
  const faulty = new Set<number>();
  for (;;) {
    try {
      return await claimOf(deps, { ...options, tokenHashes }, faulty);
    } catch (error) {
      // One run that cannot be read must not keep a worker from all others. Once each: what it holds is left out then.
      if (!(error instanceof RunFault) || faulty.has(error.runKey)) throw error;
      faulty.add(error.runKey);
      await quarantineRun(deps, error.runKey, error.cause);
    }
  }
}

async function claimOf(
  deps: RunsDeps,
  options: ClaimOptions & { readonly repeat?: boolean },
  without: ReadonlySet<number>,
): Promise<readonly Claimed[]> {
  let { repeat } = options;
  const { fresh, claimed } = await deps.store.tx(async (tx) => {
    const looks = repeat;
    // Undone because a token has an attempt by now: the same claim reached another server too.
    repeat = true;
    const found = looks ? await tx.findClaimed(options.tokenHashes) : [];
    const kept = found.filter(({ runKey }) => !without.has(runKey));
    const held = kept.length > 0 ? await renewLeases(tx, kept, options.leaseMs) : [];
    const taken = new Set(found.map((row) => row.tokenHash));
    const tokenHashes = options.tokenHashes.filter((hash) => !taken.has(hash));
    const fresh = tokenHashes.length > 0 ? await tx.claimQueued({ ...options, tokenHashes }) : [];
    if (globalThis.FAILPOINTS && fresh.length > 0) commitPoint(tx, "api.claim");
    return { fresh, claimed: await withInputs(tx, deps, [...held, ...fresh]) };
  });
  for (const row of fresh) deps.tell(taskInstanceMoved(row));
  return claimed;
}

/** Whoever asks again counts its leases from then on, so they begin anew. What was given up meanwhile is left out. */
async function renewLeases(tx: Tx, held: readonly ClaimedRow[], leaseMs: number): Promise<readonly ClaimedRow[]> {
  const keys = held.map(({ id, attempt, tokenHash }) => ({ taskInstanceId: id, attempt, tokenHash: tokenHash ?? "" }));
  const renewed = await tx.extendLeases(keys, leaseMs);
  const live = new Set(renewed.flatMap((row) => (row.state === "running" ? [row.taskInstanceId] : [])));
  return held.filter(({ id }) => live.has(id));
}

/** Claims within a transaction that does something else first: the claims of one worker are one statement. Sends it before anything is waited for. */
export async function claimIn(tx: Tx, deps: RunsDeps, wanted: readonly ClaimOptions[]): Promise<readonly Claimed[]> {
  const rows = await Promise.all(oneByWorker(wanted).map((options) => tx.claimQueued(options)));
  return withInputs(tx, deps, rows.flat());
}

function oneByWorker(wanted: readonly ClaimOptions[]): readonly ClaimOptions[] {
  const byWorker = new Map<string, ClaimOptions>();
  for (const options of wanted) {
    const key = JSON.stringify([options.workerId, options.executor, options.queues]);
    const tokenHashes = new Set([...(byWorker.get(key)?.tokenHashes ?? []), ...options.tokenHashes]);
    byWorker.set(key, { ...options, tokenHashes: [...tokenHashes] });
  }
  return [...byWorker.values()];
}

async function withInputs(tx: Tx, deps: RunsDeps, rows: readonly ClaimedRow[]): Promise<readonly Claimed[]> {
  const runs = new Map(rows.map((row) => [row.runKey, row.run])).values();
  const claimed: Claimed[] = [];
  for (const run of runs) {
    const own = rows.filter((row) => row.runKey === run.id);
    const { version, inputs } = await readingRun(run.id, async () => {
      const version = await deps.versions.load(tx, run.versionId);
      const at = { tx, run, graph: version.graph };
      return { version, inputs: await loadInputs(at, own, deps.settings.inlineValueBytes) };
    });
    for (const instance of own) {
      const task = version.graph.tasks.get(instance.taskId);
      const its = inputs.get(instance.id);
      if (task && its) claimed.push({ instance, run, version, task, inputs: its, variables: variablesOf(task.args) });
    }
  }
  return claimed;
}

async function readingRun<T>(runKey: number, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new RunFault(runKey, error);
  }
}
