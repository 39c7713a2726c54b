import {
  decideFinish,
  type FinishOutcome,
  isFinished,
  type TaskInstanceState,
  type TaskSpec,
  triggerRuleVerdict,
} from "@airloom/core";
import type { Model, Step } from "./search.ts";
import {
  type Held,
  type Instance,
  type Intention,
  keyOf,
  lacks,
  move,
  type Scope,
  slotsTaken,
  type World,
  withInstance,
  withScheduler,
  withWorker,
} from "./world.ts";

const leaseTicks = 2;
const graceTicks = 1;
const marginTicks = 1;

/**
 * The life of task instances between the database, schedulers, workers and a user, small enough to visit every state of it. States
 * and moves are the core's own table and the verdict on an attempt's end its own function; around them stand the fences that the
 * statements of the store have. Each fence can be left out, to see that it is needed.
 * @example search(taskInstanceModel({ instances: 1, schedulers: 1, workers: 1, attempts: 3, retries: 1, favours: 1, slots: 1 })) */
export function taskInstanceModel(scope: Scope): Model<World> {
  const fresh: Instance = { state: "none", attempt: 0, tryNumber: 1, losses: 0, lease: 0, due: 0, worker: null };
  return {
    start: {
      instances: Array.from({ length: scope.instances }, () => fresh),
      schedulers: Array.from({ length: scope.schedulers }, () => null),
      workers: Array.from({ length: scope.workers }, () => null),
      favours: scope.favours,
    },
    *next(world) {
      for (const moves of [intentions, writes, claims, reports, favours]) yield* moves(world, scope);
      yield* tick(world, scope);
    },
    wrong: (world) => wrong(world, scope),
    isDone: ({ instances, workers }) =>
      instances.every(({ state }) => isFinished(state)) && workers.every((held) => held === null),
    isCut: ({ instances }) => instances.some(({ attempt }) => attempt > scope.attempts),
    keyOf,
  };
}

/** A scheduler reads, and decides what it will write. */
function* intentions(world: World, scope: Scope): Iterable<Step<World>> {
  const scheduler = world.schedulers.indexOf(null);
  if (scheduler < 0) return;
  for (const [at, one] of world.instances.entries()) {
    const kind = intentionFor(world, at, scope);
    if (kind === null) continue;
    if (kind === "queue" && slotsTaken(world) >= scope.slots) continue;
    const intention: Intention = { kind, instance: at, state: one.state, attempt: one.attempt };
    yield { name: `intend ${kind} ${at}`, to: withScheduler(world, scheduler, intention) };
  }
}

function intentionFor({ instances }: World, at: number, scope: Scope): Intention["kind"] | null {
  const { state, lease, due } = instances[at] as Instance;
  const isOver = lease === 0 || lacks(scope, "lease is over");
  if (state === "none") return readiness(instances[at - 1]);
  if (state === "up_for_retry" && due === 0) return "schedule";
  if (state === "scheduled") return "queue";
  if (state === "running" && isOver) return "rescue";
  if (state === "restarting" && isOver) return "release";
  return null;
}

function readiness(upstream: Instance | undefined): "schedule" | "settle" | null {
  if (!upstream) return "schedule";
  const { state } = upstream;
  const count = (...states: readonly TaskInstanceState[]): number => (states.includes(state) ? 1 : 0);
  const tally = {
    ...{ total: 1, success: count("success"), failed: count("failed"), skipped: count("skipped") },
    ...{ upstreamFailed: count("upstream_failed"), removed: count("removed") },
  };
  const { kind } = triggerRuleVerdict("all_success", tally, 1);
  return kind === "pass" ? "schedule" : kind === "settle" ? "settle" : null;
}

/** A scheduler writes what it decided, if what it read still holds: or dies before it does. */
function* writes(world: World, scope: Scope): Iterable<Step<World>> {
  for (const [scheduler, intention] of world.schedulers.entries()) {
    if (!intention) continue;
    const idle = withScheduler(world, scheduler, null);
    yield { name: "die scheduler", to: idle };
    yield write(idle, intention, scope);
  }
}

function write(world: World, { kind, instance: at, state, attempt }: Intention, scope: Scope): Step<World> {
  const one = world.instances[at] as Instance;
  const name = `write ${kind} ${at}`;
  const nothing = { name: `write-lost ${kind} ${at}`, to: world };
  if (!lacks(scope, "state of the move") && one.state !== state) return nothing;
  if (!lacks(scope, "attempt of the move") && one.attempt !== attempt) return nothing;
  switch (kind) {
    case "schedule":
      return move(world, at, { name, to: { state: "scheduled", due: 0 } });
    case "settle":
      return move(world, at, { name, to: { state: "upstream_failed" } });
    case "queue": {
      if (!lacks(scope, "slots counted at the move") && slotsTaken(world) >= scope.slots) return nothing;
      return move(world, at, { name, to: { state: "queued", attempt: one.attempt + 1 } });
    }
    case "rescue":
    case "release": {
      if (one.lease > 0 && !lacks(scope, "lease is still over at the write")) return nothing;
      const to = kind === "rescue" ? afterEnd(one, { kind: "lost" }, scope) : gone;
      return move(world, at, { name, to });
    }
  }
}

const gone = { state: "none", lease: 0, worker: null } as const;

/** A worker asks for work: the attempt is its own from the answer's commit on, whether the answer arrives or not. */
function* claims(world: World): Iterable<Step<World>> {
  for (const [worker, held] of world.workers.entries()) {
    if (held === null) {
      // Workers that hold nothing are alike.
      if (world.workers.indexOf(null) !== worker) continue;
      for (const [at, one] of world.instances.entries()) {
        if (one.state !== "queued") continue;
        const running = { state: "running", lease: leaseTicks + graceTicks, worker } as const;
        const claimed: Held = {
          ...{ instance: at, attempt: one.attempt, left: leaseTicks - marginTicks },
          ...{ isStarted: false, ended: null, beat: null },
        };
        yield move(withWorker(world, worker, claimed), at, { name: `claim ${at}`, to: running });
      }
      continue;
    }
    yield { name: "die worker", to: withWorker(world, worker, null) };
    if (!held.isStarted && held.left > 0)
      yield { name: "start attempt", to: withWorker(world, worker, { ...held, isStarted: true }) };
    if (held.isStarted && held.ended === null) yield* runs(world, worker, held);
  }
}

/** What a running attempt may do, and its heartbeats: sent, seen by the database, answered, each step for itself or not at all. */
function* runs(world: World, worker: number, held: Held): Iterable<Step<World>> {
  for (const ended of ["success", "failure"] as const)
    yield { name: `end ${ended}`, to: withWorker(world, worker, { ...held, ended, beat: null }) };
  const { beat } = held;
  if (beat === null) {
    const sent = { left: leaseTicks - marginTicks, seen: false };
    yield { name: "beat sent", to: withWorker(world, worker, { ...held, beat: sent }) };
    return;
  }
  yield { name: "beat lost", to: withWorker(world, worker, { ...held, beat: null }) };
  const one = world.instances[held.instance] as Instance;
  const isOwn = one.state === "running" && one.attempt === held.attempt && one.worker === worker;
  if (!beat.seen && isOwn) {
    const seen = withWorker(world, worker, { ...held, beat: { ...beat, seen: true } });
    const lease = Math.max(one.lease, leaseTicks + graceTicks);
    yield { name: "beat seen", to: withInstance(seen, held.instance, { ...one, lease }) };
  }
  if (!isOwn) yield { name: "beat refused", to: withWorker(world, worker, { ...held, ended: "given up", beat: null }) };
  if (beat.seen) {
    const left = Math.max(held.left, beat.left);
    yield { name: "beat answered", to: withWorker(world, worker, { ...held, left, beat: null }) };
  }
}

/** The end of an attempt is reported until an answer arrives. */
function* reports(world: World, scope: Scope): Iterable<Step<World>> {
  for (const [worker, held] of world.workers.entries()) {
    if (!held || held.ended === null) continue;
    const { instance: at, attempt, ended } = held;
    const one = world.instances[at] as Instance;
    const isCurrent = one.worker === worker && (one.attempt === attempt || lacks(scope, "attempt of the finish"));
    const told = withWorker(world, worker, null);
    if (one.state === "restarting" && isCurrent) {
      yield move(told, at, { name: "report restarting", to: gone });
    } else if (one.state === "running" && (isCurrent || lacks(scope, "attempt of the finish"))) {
      if (ended === "given up") {
        yield { name: "report nothing", to: told };
        continue;
      }
      const outcome: FinishOutcome = ended === "success" ? { kind: "succeeded" } : { kind: "failed", retry: true };
      const to = afterEnd(one, outcome, scope);
      yield move(told, at, { name: `report ${ended}`, to });
      yield move(world, at, { name: `report-reply-lost ${ended}`, to });
    } else yield { name: "report stale", to: told };
  }
}

/** What the user may do, as often as the scope allows. */
function* favours(world: World, scope: Scope): Iterable<Step<World>> {
  if (world.favours === 0) return;
  const spent = { ...world, favours: world.favours - 1 };
  for (const [at, one] of world.instances.entries()) {
    if (one.state === "none" || one.state === "restarting" || one.attempt >= scope.attempts) continue;
    const cleared: Partial<Instance> =
      one.state === "running" ? { state: "restarting" } : { state: "none", worker: null, lease: 0, due: 0 };
    yield { ...move(spent, at, { name: `clear ${one.state}`, to: cleared }), optional: true };
    if (one.state === "success" || one.state === "running") continue;
    const marked = { state: "success", due: 0 } as const;
    yield { ...move(spent, at, { name: `mark ${one.state}`, to: marked }), optional: true };
  }
}

/** Time passes for all at once. A worker ends its attempt when its own time is over: before the lease is. */
function* tick(world: World, scope: Scope): Iterable<Step<World>> {
  const down = (ticks: number): number => Math.max(0, ticks - 1);
  const instances = world.instances.map((one) => ({ ...one, lease: down(one.lease), due: down(one.due) }));
  const workers = world.workers.map((held): Held | null => {
    if (!held) return null;
    const left = down(held.left);
    if (!held.isStarted) return left === 0 ? null : { ...held, left };
    const beat = held.beat && { ...held.beat, left: down(held.beat.left) };
    const isOver = left === 0 && held.ended === null && !lacks(scope, "worker ends before its lease");
    return isOver ? { ...held, left, ended: "given up", beat: null } : { ...held, left, beat };
  });
  const to = { ...world, instances, workers };
  if (keyOf(to) !== keyOf(world)) yield { name: "tick", to };
}

function afterEnd(one: Instance, outcome: FinishOutcome, { retries }: Scope): Partial<Instance> {
  const task = { kind: "task", retries, onLost: "retry", branches: null, retryDelaySeconds: 1, retryBackoff: 1 };
  const decision = decideFinish(
    {
      key: { dagId: "d", taskId: "t", runId: "r", logicalDate: null, mapIndex: -1 } as never,
      task: task as unknown as TaskSpec,
      ...{ tryNumber: one.tryNumber, maxTries: retries, losses: one.losses },
    },
    outcome,
    new Date(0),
  );
  const isNewTry = decision.to === "up_for_retry";
  return {
    ...{ state: decision.to, losses: decision.losses, lease: 0, worker: null, due: isNewTry ? 1 : 0 },
    tryNumber: one.tryNumber + (isNewTry ? 1 : 0),
  };
}

function wrong({ instances, workers }: World, scope: Scope): readonly string[] {
  const found: string[] = [];
  for (const at of instances.keys()) {
    const alive = workers.filter((held) => held?.instance === at && held.isStarted && held.ended === null);
    if (alive.length > 1) found.push(`two attempts of instance ${at} run at the same time`);
  }
  for (const [at, { state, worker, lease }] of instances.entries()) {
    if (state === "running" && worker === null) found.push(`instance ${at} runs, and nobody has it`);
    if (!["running", "restarting"].includes(state) && lease > 0) found.push(`instance ${at} is ${state} with a lease`);
  }
  const taken = slotsTaken({ instances });
  if (taken > scope.slots) found.push(`${taken} of ${scope.slots} slots are taken`);
  return found;
}
