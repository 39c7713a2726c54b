import type { DagGraph } from "../dag-spec/dag-graph.ts";
import { type SourceLength, sourceLengthsOf } from "../dag-spec/map-sources.ts";
import { isFinished } from "../states/task-instance-state.ts";
import type { AdvanceCode, AdvanceDecision, AdvanceLimits, AdvanceMove, Expansion } from "./advance-decision.ts";
import { mapLength, readinessIn } from "./readiness.ts";
import type { RunView, Tally, TaskInstanceView } from "./run-view.ts";
import { addTallies, emptyTally, TallyDeltas, tallyChange } from "./tally.ts";
import type { Verdict } from "./verdict.ts";

/** One call of `decideAdvance`: the view's tallies and lengths, as the call's own moves change them. */
export class AdvancePass {
  readonly #graph: DagGraph;
  readonly #view: RunView;
  readonly #now: Date;
  readonly #limits: AdvanceLimits;
  readonly #tallies: Map<string, Tally>;
  readonly #lengths: Map<string, readonly SourceLength[]>;
  readonly #loaded: ReadonlySet<string>;
  readonly #verdictOf: (instance: TaskInstanceView, now: Date) => Verdict;
  readonly #deltas: TallyDeltas;
  readonly #moves: AdvanceMove[] = [];
  readonly #expansions: Expansion[] = [];
  readonly #expandedTasks = new Set<string>();
  readonly #needsMore = new Set<string>();
  readonly #readAnew = new Set<string>();
  #wakeAt: Date | null = null;

  constructor(view: RunView, now: Date, limits: AdvanceLimits) {
    this.#view = view;
    this.#graph = view.graph;
    this.#now = now;
    this.#limits = limits;
    this.#tallies = new Map(view.tallies);
    this.#lengths = new Map(view.sourceLengths);
    this.#loaded = new Set(view.instances.map(({ taskId }) => taskId));
    this.#deltas = new TallyDeltas(view.graph);
    this.#verdictOf = readinessIn({ ...view, tallies: this.#tallies, sourceLengths: this.#lengths });
  }

  decideTask(taskId: string, instances: readonly TaskInstanceView[]): void {
    const before = this.#moves.length;
    for (const instance of instances) this.#decide(instance);
    const change = this.#deltas.of(taskId);
    if (change) this.#tellDownstream(taskId, change);
    this.#endLists(taskId, this.#moves.slice(before));
  }

  decision(): AdvanceDecision {
    return {
      moves: this.#moves,
      expansions: this.#expansions,
      tallyDeltas: this.#deltas.list(),
      needsMore: [...new Set([...(this.#view.whole ? [] : this.#needsMore), ...this.#readAnew])],
      wakeAt: this.#wakeAt,
    };
  }

  #decide(instance: TaskInstanceView): void {
    const verdict = this.#verdictOf(instance, this.#now);
    if (verdict.kind === "settle") this.#move(instance, verdict.state, verdict);
    else if (verdict.kind === "pass") this.#start(instance);
    else this.#wait(instance, verdict);
  }

  #wait(instance: TaskInstanceView, { code, until }: Extract<Verdict, { kind: "wait" }>): void {
    if (until && (!this.#wakeAt || until < this.#wakeAt)) this.#wakeAt = until;
    // Its earlier attempt is over, so it holds no slot any more, whatever else it waits for.
    const ended = instance.state === "restarting" && code !== "earlier_attempt_ending" && code !== "run_not_running";
    if (ended) this.#move(instance, "none", { code: "earlier_attempt_ended" });
  }

  #start(instance: TaskInstanceView): void {
    const task = this.#graph.tasks.get(instance.taskId);
    const to = task?.kind === "empty" ? "success" : "scheduled";
    if (task?.mapped && !this.#expand(instance, to)) return;
    this.#move(instance, to, { code: to === "success" ? "nothing_to_run" : "ready" });
  }

  /** Inserts what is missing of a mapped task; false when its list is too long, so that it failed. */
  #expand(instance: TaskInstanceView, to: Expansion["to"]): boolean {
    const { taskId, mapIndex } = instance;
    const lengths = this.#lengths.get(taskId);
    const length = lengths ? mapLength(lengths) : this.#literalLength(instance);
    if (typeof length !== "number") return true;
    const have = mapIndex === -1 ? 1 : (this.#view.expanded?.get(taskId) ?? length);
    if (length <= have || this.#expandedTasks.has(taskId)) return true;
    if (length > this.#limits.maxMapLength) {
      const detail = `${length} elements; at most ${this.#limits.maxMapLength} are allowed`;
      this.#move(instance, "failed", { code: "map_too_long", detail });
      return false;
    }
    this.#expandedTasks.add(taskId);
    this.#expansions.push({ instance, have, length, to });
    const added = length - have;
    this.#deltas.change(taskId, { ...emptyTally, total: added, success: to === "success" ? added : 0 });
    return true;
  }

  /** Of a placeholder whose lists all stand in the Spec. */
  #literalLength({ taskId, mapIndex }: TaskInstanceView): number | "pending" {
    const task = this.#graph.tasks.get(taskId);
    return task && mapIndex === -1 ? mapLength(sourceLengthsOf(task, new Map())) : "pending";
  }

  #move(instance: TaskInstanceView, to: AdvanceMove["to"], why: Pick<AdvanceMove, "code" | "detail">): void {
    const isMapped = this.#graph.tasks.get(instance.taskId)?.mapped;
    const expanded = isMapped && instance.mapIndex === -1 && startsRunning(why.code);
    this.#moves.push({
      instance,
      to,
      code: why.code,
      tryNumber: instance.tryNumber + (to === "scheduled" && instance.state !== "up_for_reschedule" ? 1 : 0),
      mapIndex: expanded ? 0 : instance.mapIndex,
      ...(why.detail === undefined ? {} : { detail: why.detail }),
    });
    if (isFinished(to)) this.#deltas.change(instance.taskId, tallyChange(instance.state, to));
  }

  #tellDownstream(taskId: string, change: Tally): void {
    for (const next of this.#graph.downstream.get(taskId) ?? []) {
      const tally = this.#tallies.get(next);
      if (tally) this.#tallies.set(next, addTallies(tally, change));
      if (!tally || !this.#loaded.has(next)) this.#needsMore.add(next);
    }
  }

  /** A source that is over without having run gives no list: who maps over it must not wait for one. */
  #endLists(taskId: string, moves: readonly AdvanceMove[]): void {
    const readers = this.#graph.mappedBy.get(taskId) ?? [];
    if (readers.length === 0) return;
    const ended = moves.filter(({ to }) => isFinished(to));
    if (ended.length === 0) return;
    for (const reader of readers) {
      if (ended.some((move) => move.mapIndex === -1)) this.#lengths.set(reader, this.#withoutList(reader, taskId));
      else this.#readAnew.add(reader);
    }
  }

  #withoutList(reader: string, source: string): readonly SourceLength[] {
    const task = this.#graph.tasks.get(reader);
    const known = this.#lengths.get(reader) ?? (task ? sourceLengthsOf(task, new Map()) : []);
    return known.map((length, i) => {
      const arg = task?.args[i];
      return length === "pending" && arg?.kind === "xcom" && arg.task === source ? "missing" : length;
    });
  }
}

const startsRunning = (code: AdvanceCode): boolean => code === "ready" || code === "nothing_to_run";
