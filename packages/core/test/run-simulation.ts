import type { DagGraph } from "../src/dag-spec/dag-graph.ts";
import { exclusionsOf } from "../src/dag-spec/exclusions.ts";
import { type SourceLength, sourceLengthsOf } from "../src/dag-spec/map-sources.ts";
import { decideAdvance } from "../src/scheduling/advance.ts";
import type { AdvanceDecision } from "../src/scheduling/advance-decision.ts";
import { decideClear } from "../src/scheduling/clear.ts";
import { decideFinish, type FinishOutcome } from "../src/scheduling/finish.ts";
import { decideMarkTask } from "../src/scheduling/mark.ts";
import { decideRunOutcome, type RunOutcome } from "../src/scheduling/run-outcome.ts";
import type { RunView, Tally, TaskInstanceView } from "../src/scheduling/run-view.ts";
import { addTallies, countTallies, initialTallies, type TallyDelta, tallyDeltasFor } from "../src/scheduling/tally.ts";
import { isFinished, isLegalMove, type TaskInstanceState } from "../src/states/task-instance-state.ts";
import { noon, runOf } from "./view-builder.ts";

/** Chances, 0 to 1, of what may happen to an attempt, or (interrupt) between two of them. */
export interface Faults {
  readonly fail: number;
  readonly skip: number;
  readonly lose: number;
  readonly reschedule: number;
  readonly interrupt: number;
}

export interface Simulated {
  readonly instances: readonly TaskInstanceView[];
  readonly outcome: RunOutcome;
  readonly steps: number;
}

type Writable = { -readonly [Key in keyof TaskInstanceView]: TaskInstanceView[Key] };

/**
 * One run on virtual time with nothing but the decisions of core, applied as the control plane applies them: a finish decides
 * what directly follows, and the whole run when that is not enough. Throws on an illegal move, on a tally that differs from
 * the states, and when nothing can happen although something is unfinished.
 */
export function simulateRun(graph: DagGraph, { seed, faults }: { seed: number; faults: Faults }): Simulated {
  const world = new World(graph, seed, faults);
  world.advance(null);
  let steps = 0;
  for (; world.unfinished() > 0; steps++) {
    if (steps > 5_000) throw new Error("the run does not end");
    world.step(steps);
  }
  return { instances: world.instances(), outcome: world.outcome(), steps: steps + 1 };
}

class World {
  readonly #graph: DagGraph;
  readonly #faults: Faults;
  readonly #rows = new Map<string, Writable>();
  readonly #tallies: Map<string, Tally>;
  readonly #exclusions = new Map<string, readonly string[]>();
  readonly #lengths = new Map<string, number>();
  #now = noon;
  #random: number;

  constructor(graph: DagGraph, seed: number, faults: Faults) {
    this.#graph = graph;
    this.#faults = faults;
    this.#random = seed;
    this.#tallies = new Map(initialTallies(graph));
    for (const taskId of graph.order) this.#insert(taskId, -1, "none");
    this.#check();
  }

  instances = (): readonly Writable[] => [...this.#rows.values()];
  unfinished = (): number => this.instances().filter(({ state }) => !isFinished(state)).length;

  outcome(): RunOutcome {
    const leaves = this.instances().filter(({ taskId }) => this.#graph.leaves.includes(taskId));
    const leafStates: Partial<Record<TaskInstanceState, number>> = {};
    for (const { state } of leaves) leafStates[state] = (leafStates[state] ?? 0) + 1;
    return decideRunOutcome({ unfinished: this.unfinished(), leafStates });
  }

  /** An attempt begins or ends, a user acts, or time passes. */
  step(number: number): void {
    const waiting = this.instances().filter(({ state }) => state === "scheduled");
    const running = this.instances().filter(({ state }) => state === "running");
    // People stop interfering some day; else no run would have to end.
    if (number < 40 && this.#chance(this.#faults.interrupt)) this.#interrupt();
    else if (waiting.length > 0 && (running.length === 0 || this.#chance(0.6))) this.#begin(this.#pick(waiting));
    else if (running.length > 0) this.#finish(this.#pick(running));
    else this.#passTime();
  }

  /** Decides the tasks given (null = all unfinished), as the finishing transaction or the scheduler would. */
  advance(taskIds: ReadonlySet<string> | null): void {
    for (let asked = taskIds, round = 0; ; round++) {
      if (round > 50) throw new Error("advance asks for more without end");
      const decision = decideAdvance(this.#view(asked), this.#now);
      this.#apply(decision);
      if (decision.needsMore.length === 0) return;
      asked = null;
    }
  }

  #view(taskIds: ReadonlySet<string> | null): RunView {
    const isAsked = (taskId: string): boolean => taskIds === null || taskIds.has(taskId);
    return {
      run: runOf({ unfinished: this.unfinished() }),
      graph: this.#graph,
      instances: this.instances()
        .filter(({ taskId, state }) => isAsked(taskId) && !isFinished(state))
        .map((row) => ({ ...row })),
      tallies: new Map([...this.#tallies].filter(([taskId]) => isAsked(taskId))),
      exclusions: new Map(this.#exclusions),
      past: new Map(),
      sourceLengths: this.#sourceLengths(),
      expanded: new Map(
        this.#graph.order.map((id) => [id, this.#of(id).filter(({ mapIndex }) => mapIndex >= 0).length]),
      ),
      whole: taskIds === null,
    };
  }

  #sourceLengths(): ReadonlyMap<string, readonly SourceLength[]> {
    const mapped = [...this.#graph.tasks.values()].filter((task) => task.mapped);
    const lengths = new Map(this.#graph.order.map((id) => [id, this.#lengthOf(id)]));
    return new Map(mapped.map((task) => [task.id, sourceLengthsOf(task, lengths)]));
  }

  /** A mapped source's list is what its succeeded instances gave, one each. */
  #lengthOf(taskId: string): SourceLength {
    const rows = this.#of(taskId);
    if (rows.some(({ state }) => !isFinished(state))) return "pending";
    const succeeded = rows.filter(({ state }) => state === "success").length;
    if (this.#graph.tasks.get(taskId)?.mapped) return succeeded > 0 ? succeeded : "missing";
    return succeeded > 0 ? (this.#lengths.get(taskId) ?? "missing") : "missing";
  }

  #apply({ moves, expansions, tallyDeltas }: AdvanceDecision): void {
    for (const { instance, to, tryNumber, mapIndex } of moves) {
      this.#rows.delete(key(instance));
      const row = { ...instance, tryNumber, mapIndex };
      this.#rows.set(key(row), row);
      this.#move(row, to);
    }
    for (const { instance, have, length, to } of expansions) {
      for (let index = have; index < length; index++) {
        const row = this.#insert(instance.taskId, index, "none");
        if (to === "scheduled") row.tryNumber = 1;
        this.#move(row, to);
      }
    }
    this.#addTallies(tallyDeltas);
    this.#check();
  }

  #begin(row: Writable): void {
    if (row.leaseUntil && row.leaseUntil > this.#now) throw new Error(`${key(row)} would overlap`);
    this.#move(row, "queued");
    row.attempt += 1;
    this.#move(row, "running");
    row.leaseUntil = new Date(this.#now.getTime() + 30_000);
  }

  #finish(row: Writable): void {
    const task = this.#graph.tasks.get(row.taskId);
    if (!task) throw new Error("an attempt of no task");
    const outcome = this.#outcomeOfAttempt();
    const keyOfRow = { dagId: "orders", taskId: row.taskId, runId: "r", mapIndex: row.mapIndex };
    const { tryNumber, maxTries, losses } = row;
    const decision = decideFinish({ key: keyOfRow, task, tryNumber, maxTries, losses }, outcome, this.#now);
    Object.assign(row, { nextDueAt: decision.nextDueAt, losses: decision.losses, leaseUntil: null });
    if (outcome.kind === "succeeded") this.#leaveResults(row.taskId);
    this.#settle(row, decision.to);
    this.advance(new Set(this.#graph.downstream.get(row.taskId)));
  }

  #outcomeOfAttempt(): FinishOutcome {
    const { fail, skip, lose, reschedule } = this.#faults;
    if (this.#chance(fail)) return { kind: "failed", retry: this.#chance(0.9) };
    if (this.#chance(skip)) return { kind: "skipped" };
    if (this.#chance(lose)) return { kind: "lost" };
    if (this.#chance(reschedule))
      return { kind: "rescheduled", at: new Date(this.#now.getTime() + 60_000).toISOString() };
    return { kind: "succeeded" };
  }

  #leaveResults(taskId: string): void {
    const task = this.#graph.tasks.get(taskId);
    if (this.#chance(0.9)) this.#lengths.set(taskId, Math.floor(this.#next() * 4));
    if (task?.kind === "branch")
      this.#exclusions.set(taskId, exclusionsOf(this.#graph, taskId, this.#pick(Object.keys(task.branches ?? {}))));
    if (task?.kind === "short_circuit")
      this.#exclusions.set(taskId, exclusionsOf(this.#graph, taskId, this.#chance(0.5)));
  }

  #interrupt(): void {
    const { taskId } = this.#pick(this.instances());
    const selection = { tasks: [{ taskId }], includeDownstream: this.#chance(0.5) };
    const view = { graph: this.#graph, runState: "running" as const, instances: this.instances() };
    const decision = this.#chance(0.7)
      ? decideClear(view, selection)
      : decideMarkTask(view, { ...selection, to: this.#pick(["success", "failed", "skipped"] as const) });
    for (const { instance, to, maxTries } of decision.moves) {
      const row = this.#rows.get(key(instance));
      if (!row) throw new Error("a move of no row");
      this.#move(row, to);
      row.maxTries = maxTries;
    }
    for (const id of decision.deciders) this.#exclusions.delete(id);
    this.#addTallies(decision.tallyDeltas);
    this.#check();
    this.advance(null);
  }

  /**
   * To the next retry, reschedule or end of a lease: the only things that are swept for. That there is one, and that nothing
   * else was left undecided, is what the decisions have to see to.
   */
  #passTime(): void {
    const due = this.instances().flatMap((row) => this.#dueAt(row) ?? []);
    if (due.length === 0)
      throw new Error(`stuck: ${JSON.stringify(this.instances().filter(({ state }) => !isFinished(state)))}`);
    this.#now = new Date(Math.min(...due.map(Number)));
    this.advance(null);
  }

  #dueAt({ state, nextDueAt, leaseUntil }: TaskInstanceView): Date | null {
    const due = state.startsWith("up_for_")
      ? nextDueAt
      : state === "none" || state === "restarting"
        ? leaseUntil
        : null;
    return due && due > this.#now ? due : null;
  }

  #settle(row: Writable, to: TaskInstanceState): void {
    const from = row.state;
    this.#move(row, to);
    this.#addTallies(tallyDeltasFor(this.#graph, [{ taskId: row.taskId, from, to }]));
    this.#check();
  }

  #move(row: Writable, to: TaskInstanceState): void {
    if (!isLegalMove(row.state, to)) throw new Error(`illegal move of ${key(row)}: ${row.state} -> ${to}`);
    row.state = to;
  }

  #addTallies(deltas: readonly TallyDelta[]): void {
    for (const { taskId, delta } of deltas) {
      const tally = this.#tallies.get(taskId);
      if (!tally) throw new Error(`no tally of ${taskId}`);
      this.#tallies.set(taskId, addTallies(tally, delta));
    }
  }

  #check(): void {
    const counted = countTallies(this.#graph, this.instances());
    for (const [taskId, tally] of counted) {
      const kept = JSON.stringify(this.#tallies.get(taskId));
      if (kept !== JSON.stringify(tally))
        throw new Error(`tally of ${taskId}: kept ${kept}, counted ${JSON.stringify(tally)}`);
    }
  }

  #insert(taskId: string, mapIndex: number, state: TaskInstanceState): Writable {
    const row: Writable = {
      id: `${taskId} ${mapIndex}`,
      taskId,
      mapIndex,
      state,
      attempt: 0,
      tryNumber: 0,
      maxTries: this.#graph.tasks.get(taskId)?.retries ?? 0,
      losses: 0,
      nextDueAt: null,
      leaseUntil: null,
    };
    if (this.#rows.has(key(row))) throw new Error(`${key(row)} is there already`);
    this.#rows.set(key(row), row);
    return row;
  }

  #of = (taskId: string): readonly TaskInstanceView[] => this.instances().filter((row) => row.taskId === taskId);

  #pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.#next() * items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  #chance = (chance: number): boolean => this.#next() < chance;

  /** mulberry32: the same seed, the same run. */
  #next(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}

const key = ({ taskId, mapIndex }: Pick<TaskInstanceView, "taskId" | "mapIndex">): string => `${taskId} ${mapIndex}`;
