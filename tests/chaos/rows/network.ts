import { setTimeout as pause } from "node:timers/promises";
import { executionMethods } from "@airloom/wire";
import { until } from "../../support/until.ts";
import { between } from "../chance.ts";
import { leaseMs } from "../cluster.ts";
import { type ChaosRow, type Place, type RowEnd, since } from "../row.ts";
import { endProblems, holdingAtWork, pingMs, restarts, triesOf, triesUsed } from "../runs.ts";

const workerWays = ["worker-1 to api", "worker-2 to api"] as const;

/** A finish that nobody hears of: for less than a lease it is delivered later, for more the task is done again. */
const deafAtFinish =
  (ms: number) =>
  async (place: Place): Promise<RowEnd> => {
    const { cluster } = place;
    const run = await holdingAtWork(place, { width: 6, ms: 1_500 });
    let heard = 0;
    for (const way of workerWays)
      cluster.link(way).mode({
        kind: "lose-reply",
        choose: (request) => {
          const isFinish = request.includes("POST /execution/v1/finish");
          if (isFinish) {
            heard += 1;
            // From here on nothing passes on this way, and what was said is lost too.
            cluster.link(way).mode({ kind: "blackhole" });
          }
          return isFinish;
        },
        isAnswer: () => false,
      });
    await until("an outcome was reported", () => heard > 0, { within: 10_000, every: 5 });
    await pause(ms);
    cluster.healLinks();
    const began = performance.now();
    const problems = [...(await endProblems(place, run, 6)), ...(await triesUsed(place, run))];
    if (ms < leaseMs / 2) problems.push(...(await restarts(place, run)));
    return { hit: `${heard} finishes into a black hole of ${ms} ms`, recovery: since(began), problems };
  };

/** A worker that reaches nobody. */
const partition =
  (ms: number) =>
  async (place: Place): Promise<RowEnd> => {
    const { cluster } = place;
    const isShort = ms < leaseMs;
    const run = await holdingAtWork(place, { width: 6, ms: 3_500 });
    cluster.link("worker-1 to api").mode({ kind: "blackhole" });
    await pause(ms);
    cluster.healLinks();
    const began = performance.now();
    const problems = [...(await endProblems(place, run, 6)), ...(await triesUsed(place, run))];
    const again = await restarts(place, run);
    if (isShort) problems.push(...again);
    else if (again.length === 0)
      problems.push("nothing was started again: the partition was too short to try anything");
    return { hit: `worker-1 cut off for ${ms} ms`, recovery: since(began), problems };
  };

/** Calls that a run of the harness makes. The others are for values that its tasks do not ask for. */
const calls = executionMethods.filter(
  (method) => !["getVariable", "getConnection", "fetchValue", "pullXCom", "pushXCom"].includes(method),
);

/** Of every call the answer is lost, the first time for certain and then now and then. */
async function lostReplies(place: Place): Promise<RowEnd> {
  const { cluster, chance } = place;
  const lost = new Map<string, number>();
  for (const way of [...workerWays, "processor to api"] as const)
    cluster.link(way).mode({
      kind: "lose-reply",
      choose: (request) => {
        const method = /^POST \/execution\/v1\/(\w+) /.exec(request.toString("latin1", 0, 80))?.[1];
        if (method === undefined) return false;
        const count = lost.get(method) ?? 0;
        if (count > 0 && chance() > 0.1) return false;
        lost.set(method, count + 1);
        return true;
      },
    });
  const fan = await cluster.api.trigger("fan_out", { conf: { slowMs: 500 } });
  // What is published, fetched by a worker that has not got it, cleared while it runs, and given back by one that goes.
  cluster.project.write("dags/lost-replies.ts", smallDag("lost_replies", Math.round(chance() * 1e9)));
  await until("it was published", () => cluster.api.get("/api/v2/dags/lost_replies"), { within: 30_000 });
  const fresh = await until("a run of it", () => cluster.api.trigger("lost_replies"), { every: 200 });
  const held = await holdingAtWork(place, { width: 4, ms: 4_000 });
  const body = { dag_run_id: held.dag_run_id, dry_run: false, only_failed: false, task_ids: [["hold", 0]] };
  await cluster.api.send("POST", "/api/v2/dags/holding/clearTaskInstances", body);
  await cluster.terminate("worker-2");
  await cluster.bringBack("worker-2");
  await cluster.untilWell();
  await pause(between(500, 1_500, chance));
  cluster.healLinks();
  const began = performance.now();
  const problems = [...(await endProblems(place, fan, 24)), ...(await endProblems(place, held, 4))];
  const state = await cluster.api.ended(fresh);
  if (state !== "success") problems.push(`the run of what was published: ${state}`);
  const never = calls.filter((method) => !lost.has(method));
  if (never.length > 0) problems.push(`of these no answer was lost: ${never.join(", ")}`);
  const words = [...lost].map(([method, count]) => `${method} ${count}`).join(", ");
  return { hit: `answers lost: ${words}`, recovery: since(began), problems };
}

const smallDag = (id: string, mark: number): string => `
import { dag, task } from "airloom";
const only = task("only", () => ${mark});
export default dag(${JSON.stringify(id)}, { maxActiveRuns: 64 }, () => { only(); });
`;

/** What an attempt that was taken over says then must change nothing. */
async function lateHeartbeat(place: Place): Promise<RowEnd> {
  const { cluster } = place;
  const { execution } = cluster;
  const workerId = crypto.randomUUID();
  for (const name of ["worker-1", "worker-2"] as const) await cluster.kill(name, "later");
  const run = await cluster.api.trigger("pinging");
  const token = crypto.randomUUID();
  const queue = { workerId, executor: "local", queues: ["default"] };
  await execution.registerWorker({
    ...queue,
    hostname: "elsewhere",
    pid: 1,
    bootId: "another",
    startTicks: "1",
    slots: 1,
  });
  const claim = await until("the task is claimed", async () => {
    const asked = { ...queue, tokenHashes: [await sha256(token)], warmArtifacts: [], waitMs: 300 };
    const { workloads } = await execution.claim(asked);
    return workloads.find(({ run: { runId } }) => runId === run.dag_run_id);
  });
  const ref = { taskInstanceId: claim.taskInstanceId, attempt: claim.attempt, token };
  const problems: string[] = [];
  const [alive] = (await execution.heartbeat({ workerId, attempts: [ref] })).attempts;
  if (alive?.verdict !== "run") problems.push(`before it was taken over it was told ${JSON.stringify(alive)}`);
  for (const name of ["worker-1", "worker-2"] as const) await cluster.bringBack(name);
  const began = performance.now();
  const state = await cluster.api.ended(run, { within: 30_000 });
  const recovery = since(began);
  if (state !== "success") problems.push(`the run: ${state}`);
  const before = JSON.stringify(await triesOf(place, run));
  const [late] = (await execution.heartbeat({ workerId, attempts: [ref] })).attempts;
  if (late?.verdict !== "gone" || !late.reason) problems.push(`the late heartbeat was told ${JSON.stringify(late)}`);
  const refusal = await execution
    .finish({ ...ref, outcome: { kind: "failed", retry: false, error: lateFailure }, xcoms: [] })
    .then(
      () => "accepted",
      (error: unknown) => String((error as { code?: unknown }).code ?? error),
    );
  if (refusal !== "ATTEMPT_FENCED") problems.push(`the late outcome was ${refusal}`);
  const after = JSON.stringify(await triesOf(place, run));
  if (after !== before) problems.push(`it changed ${before} to ${after}`);
  return { hit: "a heartbeat and an outcome of an attempt that was taken over", recovery, problems };
}

const lateFailure = { kind: "error", name: "Late", message: "too late", stack: null, location: null } as const;

async function sha256(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toString("hex");
}

/** Everything on the way is slow and cut now and then, in pieces: as a bad line does it. */
async function badLine(place: Place): Promise<RowEnd> {
  const { cluster, chance } = place;
  const run = await cluster.api.trigger("fan_out", { conf: { slowMs: 300 } });
  const ends = performance.now() + 6_000;
  while (performance.now() < ends) {
    for (const way of workerWays) {
      const roll = chance();
      if (roll < 0.3) cluster.link(way).mode({ kind: "cut", afterBytes: Math.floor(between(1, 900, chance)) });
      else if (roll < 0.5) cluster.link(way).mode({ kind: "throttle", bytesPerSecond: 20_000 });
      else if (roll < 0.6) cluster.link(way).mode({ kind: "rst" });
      else cluster.link(way).mode({ kind: "delay", ms: Math.floor(between(0, 120, chance)) });
    }
    await pause(between(100, 500, chance));
  }
  cluster.healLinks();
  const began = performance.now();
  const problems = await endProblems(place, run, 24);
  await pingMs(place);
  return { hit: "cuts, resets, delays and a narrow line between workers and API", recovery: since(began), problems };
}

export const networkRows: readonly ChaosRow[] = [
  {
    row: 55,
    part: "short",
    promise: "an outcome that is lost for less than a lease is delivered, and the task is not done again",
    proxies: true,
    run: deafAtFinish(700),
  },
  {
    row: 55,
    part: "long",
    promise: "an outcome that nobody heard of costs no try, and the next attempt does not meet the first",
    proxies: true,
    run: deafAtFinish(5_000),
  },
  {
    row: 62,
    part: "short",
    promise: "a partition shorter than a lease changes nothing",
    proxies: true,
    run: partition(900),
  },
  {
    row: 62,
    part: "long",
    promise: "in a longer one the worker kills before its lease can end, and then others go on",
    proxies: true,
    run: partition(4_500),
  },
  {
    row: 62,
    part: "bad line",
    promise: "answers in pieces, cut, late or reset harm nothing",
    proxies: true,
    run: badLine,
  },
  {
    row: 63,
    part: "",
    promise: "whichever call's answer is lost, asking again does it once",
    proxies: true,
    run: lostReplies,
  },
  {
    row: 64,
    part: "",
    promise: "a heartbeat or an outcome of a fenced attempt is refused with a reason, and revives nothing",
    proxies: true,
    run: lateHeartbeat,
  },
];
