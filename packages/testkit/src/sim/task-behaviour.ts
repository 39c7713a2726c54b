import { encodeValue, type Outcome, type TaskWorkload, type XComOutput } from "@airloom/wire";
import { hashText, type Random, randomOf } from "./random.ts";
import type { World } from "./world.ts";

/** What a task does with its time, and how it ends. */
export interface Behaviour {
  readonly ms: number;
  /** Does not end when it is asked to. */
  readonly isStubborn: boolean;
  readonly outcome: Outcome;
  readonly xcoms: readonly XComOutput[];
}

/** Follows from who the attempt is: the same try does the same whoever runs it. */
export function behaviourOf(world: World, workload: TaskWorkload): Behaviour {
  const { run, dagId, task, mapIndex, tryNumber, attempt } = workload;
  const who = `${dagId} ${run.runId} ${run.clearNumber} ${task.id} ${mapIndex}`;
  const random = randomOf(world.plan.seed, `task ${who} ${tryNumber} ${attempt}`);
  const { taskMs } = world.plan.knobs;
  const ms = random.chance(0.1) ? random.between(0, 4 * taskMs) : random.between(0, taskMs);
  const isStubborn = random.chance(world.plan.rates["stubborn-tasks"]);
  const outcome = outcomeOf(world, workload, random);
  const xcoms = outcome.kind === "succeeded" ? [resultOf(workload, hashText(who) % 4)].flat() : [];
  return { ms: world.isHealing ? ms / 4 : ms, isStubborn, outcome, xcoms };
}

const error = (kind: "error" | "out_of_memory") =>
  ({ kind, name: "Simulated", message: "it went wrong", stack: null, location: null }) as const;

function outcomeOf(world: World, { task }: TaskWorkload, random: Random): Outcome {
  if (world.strikesAs("task-failures", random)) {
    return random.pick<Outcome>([
      { kind: "failed", retry: true, error: error("error") },
      { kind: "failed", retry: true, error: error("out_of_memory") },
      { kind: "failed", retry: false, error: error("error") },
      { kind: "skipped", reason: "nothing to do" },
      { kind: "rescheduled", at: new Date(world.databaseTime() + random.whole(0, 1_000)).toISOString() },
      ...(task.kind === "branch" ? [{ kind: "succeeded", decision: "nowhere" } as const] : []),
    ]);
  }
  if (task.kind === "branch") return { kind: "succeeded", decision: random.pick(["left", "right"]) };
  if (task.kind === "short_circuit") return { kind: "succeeded", decision: random.chance(0.6) };
  return { kind: "succeeded" };
}

/** A list whose elements say which attempt made them, so that a reader can tell. */
function resultOf({ task, mapIndex, attempt }: TaskWorkload, length: number): readonly XComOutput[] {
  const items = Array.from({ length }, (_, at) => `${task.id}/${mapIndex}/${attempt}/${at}`);
  if (task.elementwise) {
    return [
      { key: "return_value", length, value: { kind: "elements", items: items.map((item) => encodeValue(item)) } },
    ];
  }
  return [{ key: "return_value", length, value: { kind: "value", bytes: encodeValue(items) } }];
}
