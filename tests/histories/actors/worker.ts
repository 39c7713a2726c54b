import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Claimed, claim, endAttempts, type FinishOutcome, type FinishResult, heartbeat } from "@airloom/runs";
import type { AttemptKey, ClaimOptions } from "@airloom/store";
import type { Chance } from "../chance.ts";
import type { Api, Surroundings } from "./control-plane.ts";

interface WorkerAt extends Surroundings {
  readonly name: string;
  readonly executor: string;
  readonly slots: number;
  readonly apis: readonly Api[];
  readonly held: Map<string, AttemptKey>;
  /** Attempts whose supervisor is dead: nobody says anything of them any more. */
  readonly dead: Set<string>;
}

/** A worker without processes: claims, sends heartbeats, finishes, repeats itself, dies. Every call goes to an API server of its choice. */
export async function runWorker(
  at: Surroundings,
  given: Pick<WorkerAt, "name" | "executor" | "slots" | "apis">,
): Promise<void> {
  const worker: WorkerAt = { ...at, ...given, chance: at.chance.fork(given.name), held: new Map(), dead: new Set() };
  const beating = beat(worker);
  const working = new Set<Promise<void>>();
  while (!worker.isOver()) {
    const free = worker.slots - worker.held.size;
    const claimed = free > 0 ? await claimSome(worker, Math.min(free, worker.chance.between(1, 3))) : [];
    for (const one of claimed) {
      const done = perform(worker, one).finally(() => working.delete(done));
      working.add(done);
    }
    await somethingQueued(worker, claimed.length > 0 ? 5 : worker.chance.between(60, 200));
  }
  await Promise.all([beating, ...working]);
}

/** A hint that something was queued, or the end of patience. */
async function somethingQueued({ apis }: WorkerAt, ms: number): Promise<void> {
  const over = new AbortController();
  const offs = apis.map(({ deps }) => deps.store.onHint("queued", () => over.abort()));
  await sleep(ms, undefined, { signal: over.signal }).catch(() => {});
  for (const off of offs) off();
}

const answerOf = (claimed: readonly Claimed[] | undefined) =>
  (claimed ?? []).map(({ instance: { id, attempt, tokenHash } }) => ({ id, attempt, token: tokenHash }));

function claimOptions({ executor, name }: WorkerAt, tokenHashes: readonly string[], api: Api): ClaimOptions {
  return {
    executor,
    queues: ["default"],
    workerId: name,
    tokenHashes,
    leaseMs: api.deps.settings.leaseMs,
    warmArtifacts: [],
  };
}

function callClaim(worker: WorkerAt, tokens: readonly string[], repeat: boolean): Promise<readonly Claimed[] | null> {
  const api = worker.chance.pick(worker.apis);
  const args = { worker: worker.name, tokens, repeat };
  return worker.log.call(
    { caller: worker.name, verb: "claim", args },
    async () => {
      const claimed = await claim(api.deps, { ...claimOptions(worker, tokens, api), repeat });
      api.lanes.remember(claimed.map(({ instance }) => instance));
      return claimed;
    },
    answerOf,
  );
}

/** Sometimes the reply is lost, or late: then the same is asked for again, of another server, while the first may still be at it. */
async function claimSome(worker: WorkerAt, count: number): Promise<readonly Claimed[]> {
  const { chance } = worker;
  const tokens = Array.from({ length: count }, () => randomUUID());
  const first = callClaim(worker, tokens, false);
  let claimed: readonly Claimed[] | null = null;
  if (chance.happens(0.3)) await sleep(chance.between(0, 12));
  else claimed = await first;
  while (claimed === null && !worker.isOver()) {
    claimed = await callClaim(worker, tokens, true);
    if (claimed === null) await sleep(20);
  }
  await first;
  return take(worker, claimed ?? []);
}

const nameOf = ({ taskInstanceId, attempt }: Pick<AttemptKey, "taskInstanceId" | "attempt">) =>
  `${taskInstanceId} ${attempt}`;

/** What is held from now on; what was given twice over is noticed by whoever reads the history. */
function take(worker: WorkerAt, claimed: readonly Claimed[]): readonly Claimed[] {
  for (const { instance } of claimed) {
    const key = { taskInstanceId: instance.id, attempt: instance.attempt, tokenHash: instance.tokenHash ?? "" };
    worker.held.set(nameOf(key), key);
  }
  return claimed;
}

/** The life of one attempt in its worker. */
async function perform(worker: WorkerAt, { instance }: Claimed): Promise<void> {
  const { chance, held } = worker;
  const key = held.get(nameOf({ taskInstanceId: instance.id, attempt: instance.attempt }));
  if (!key) return;
  await sleep(chance.happens(0.07) ? chance.between(150, 900) : chance.between(1, 30));
  const calm = worker.isCalm();
  if (!calm && chance.happens(0.035)) {
    worker.dead.add(nameOf(key));
    await sleep(1_500);
  } else if (held.has(nameOf(key))) {
    await say(worker, key);
    await report(worker, key, calm ? { kind: "succeeded" } : outcomeOf(chance));
  }
  held.delete(nameOf(key));
}

function outcomeOf(chance: Chance): FinishOutcome {
  const dice = chance.next();
  if (dice < 0.76) return { kind: "succeeded" };
  if (dice < 0.88) return { kind: "failed", retry: true, failure: { message: "failed" }, fingerprint: "f" };
  if (dice < 0.91) return { kind: "failed", retry: false, failure: { message: "failed" }, fingerprint: "f" };
  if (dice < 0.95) return { kind: "skipped", reason: "skipped" };
  if (dice < 0.98) return { kind: "rescheduled", at: new Date(Date.now() + 60).toISOString() };
  return { kind: "lost", reason: "drained" };
}

/** Finishes until it is answered; now and then twice at the same time, or with a word of what is not its own. */
async function report(worker: WorkerAt, key: AttemptKey, outcome: FinishOutcome): Promise<void> {
  const { chance } = worker;
  const tokens = chance.happens(0.35) ? [randomUUID()] : [];
  const stray = strayOf(chance, key);
  if (stray) void callFinish(worker, { key: stray, outcome: { kind: "succeeded" }, tokens: [] });
  const twice = chance.happens(0.2) ? callFinish(worker, { key, outcome, tokens }) : null;
  let result = await callFinish(worker, { key, outcome, tokens });
  while (result === null && !worker.isOver()) {
    await sleep(20);
    if (isFencedWord(worker, key)) break;
    result = await callFinish(worker, { key, outcome, tokens });
  }
  await twice;
  if (tokens.length === 0 || worker.isOver()) return;
  // What came with the finish, in whichever of the replies: asked for again, as after a lost one.
  const claimed = await callClaim(worker, tokens, true);
  for (const one of take(worker, claimed ?? [])) void perform(worker, one);
}

/** Another's attempt or token, which must change nothing. */
function strayOf(chance: Chance, key: AttemptKey): AttemptKey | null {
  if (!chance.happens(0.12)) return null;
  return chance.happens(0.5)
    ? { ...key, tokenHash: randomUUID() }
    : { ...key, attempt: key.attempt + (chance.happens(0.5) ? 1 : -1) };
}

const isFencedWord = ({ log, name }: WorkerAt, { taskInstanceId, attempt }: AttemptKey): boolean => {
  const last = log.calls.findLast(
    ({ caller, verb, args }) =>
      caller === name && verb === "finish" && args.id === taskInstanceId && args.attempt === attempt,
  );
  return last?.result === "fail" && String(last.answer).includes("ATTEMPT_FENCED");
};

interface Word {
  readonly key: AttemptKey;
  readonly outcome: FinishOutcome;
  /** For the next work. */
  readonly tokens: readonly string[];
}

function callFinish(worker: WorkerAt, { key, outcome, tokens }: Word): Promise<FinishResult | null> {
  const api = worker.chance.pick(worker.apis);
  const { taskInstanceId, attempt, tokenHash } = key;
  const args = { id: taskInstanceId, attempt, token: tokenHash, outcome: outcome.kind, tokens };
  const value = new TextEncoder().encode(`${attempt}`);
  const xcoms = outcome.kind === "succeeded" ? [{ key: "return_value", value, elements: null, length: null }] : [];
  return worker.log.call(
    { caller: worker.name, verb: "finish", args },
    async () => {
      const wanted = tokens.length > 0 ? claimOptions(worker, tokens, api) : undefined;
      const finished = await api.lanes.finish({ ...key, outcome, xcoms }, wanted);
      if (finished.queued > 0) api.deps.store.hint("queued");
      if (finished.claimed) api.lanes.remember(finished.claimed.map(({ instance }) => instance));
      return finished;
    },
    ({ result, claimed }) => ({ result, claimed: answerOf(claimed) }),
  );
}

/** A few words to the log; the same batch twice at once when the first reply takes its time. */
async function say(worker: WorkerAt, { taskInstanceId, attempt }: AttemptKey): Promise<void> {
  const { chance, log, name } = worker;
  const first = chance.between(0, 4);
  const seqs = Array.from({ length: chance.between(1, 4) }, (_, n) => first + n);
  const send = () => {
    const api = chance.pick(worker.apis);
    const records = seqs.map((seq) => ({
      attempt,
      seq,
      ts: 0,
      level: "info",
      source: "task",
      msg: `word ${seq}`,
      fields: null,
      group: null,
    }));
    return log.call(
      { caller: name, verb: "log", args: { id: taskInstanceId, attempt, seqs } },
      () => api.deps.store.tx((tx) => tx.appendLogs(taskInstanceId, records)),
      (bytes) => bytes,
    );
  };
  await Promise.all(chance.happens(0.3) ? [send(), send()] : [send()]);
}

/** Heartbeats for all that is held and not dead. What is cancelled is killed and reported so; what is gone is forgotten. */
async function beat(worker: WorkerAt): Promise<void> {
  const { chance, held, dead, log, name } = worker;
  while (!worker.isOver()) {
    await sleep(chance.between(40, 140));
    const keys = [...held].flatMap(([of, key]) => (dead.has(of) ? [] : [key]));
    if (keys.length === 0) continue;
    const api = chance.pick(worker.apis);
    const asked = chance.happens(0.1) ? keys.map((key) => ({ ...key, tokenHash: randomUUID() })) : keys;
    const verdicts = await log.call(
      { caller: name, verb: "heartbeat", args: { keys: asked } },
      () => heartbeat(api.deps, name, asked),
      (told) => told.map(({ taskInstanceId, attempt, verdict }) => ({ id: taskInstanceId, attempt, verdict })),
    );
    if (asked !== keys) continue;
    for (const [n, { verdict }] of (verdicts ?? []).entries()) {
      const key = keys[n];
      if (!key || verdict === "run") continue;
      held.delete(nameOf(key));
      if (verdict === "cancel") void letGo(worker, key);
    }
  }
}

async function letGo({ chance, apis, log, name }: WorkerAt, key: AttemptKey): Promise<void> {
  await sleep(chance.between(0, 120));
  const { deps } = chance.pick(apis);
  await log.call(
    { caller: name, verb: "ended", args: { ...key } },
    () => endAttempts(deps, [key]),
    () => null,
  );
}
