import type { DagSpec, TaskSpec } from "@airloom/core";
import { someTask } from "../factories/some-spec.ts";
import type { Random } from "./random.ts";

/** The same Dag after its author worked on it. */
export function mutate(random: Random, spec: DagSpec): DagSpec {
  return random.pick(changes)(random, spec);
}

type Change = (random: Random, spec: DagSpec) => DagSpec;

const changes: readonly Change[] = [
  (random, spec) => ({ ...spec, maxActiveTasks: random.whole(1, 4) }),
  (random, spec) => ({ ...spec, maxActiveRuns: random.whole(1, 3) }),
  (random, spec) => changeOne(random, spec, { retries: random.whole(0, 2), priorityWeight: random.whole(1, 5) }),
  (random, spec) => changeOne(random, spec, { poolSlots: random.whole(1, 2) }),
  addOne,
  dropLast,
];

function changeOne(random: Random, spec: DagSpec, changed: Partial<TaskSpec>): DagSpec {
  const { id } = random.pick(spec.tasks);
  return { ...spec, tasks: spec.tasks.map((task) => (task.id === id ? { ...task, ...changed } : task)) };
}

function addOne(random: Random, spec: DagSpec): DagSpec {
  const upstream = [random.pick(spec.tasks).id];
  const added = someTask({ id: `t_new_${spec.tasks.length}`, upstream, retryDelaySeconds: 1 });
  return { ...spec, tasks: [...spec.tasks, added] };
}

function dropLast(_: Random, spec: DagSpec): DagSpec {
  const last = spec.tasks.at(-1);
  const isNeeded = spec.tasks.some(({ upstream }) => upstream.includes(last?.id ?? ""));
  const isChosen = spec.tasks.some(({ branches }) =>
    Object.values(branches ?? {}).some((ids) => ids.includes(last?.id ?? "")),
  );
  return isNeeded || isChosen || spec.tasks.length < 2 ? spec : { ...spec, tasks: spec.tasks.slice(0, -1) };
}
