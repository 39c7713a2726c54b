import { AirloomError } from "../errors.ts";
import { checkLimit } from "./check-spec.ts";
import type { TaskSpec } from "./task-spec.ts";

type Tasks = ReadonlyMap<string, TaskSpec>;

/** Every task after all its upstreams; among equals by id. Linear (Kahn). @throws AirloomError SPEC_CYCLE, naming one cycle. */
export function topologicalOrder(
  dagId: string,
  tasks: Tasks,
  downstream: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const open = new Map<string, number>();
  const order: string[] = [];
  for (const id of downstream.keys()) {
    const count = tasks.get(id)?.upstream.length ?? 0;
    open.set(id, count);
    if (count === 0) order.push(id);
  }
  for (let next = 0; next < order.length; next++) {
    for (const id of downstream.get(order[next] ?? "") ?? []) {
      const left = (open.get(id) ?? 0) - 1;
      open.set(id, left);
      if (left === 0) order.push(id);
    }
  }
  if (order.length < tasks.size)
    throw new AirloomError("SPEC_CYCLE", { dagId, cycle: findCycle(tasks, open).join(" -> ") });
  return order;
}

/** Each task left over has an upstream that is left over: walking up comes back to one already seen. */
function findCycle(tasks: Tasks, open: ReadonlyMap<string, number>): readonly string[] {
  const isLeft = (id: string): boolean => (open.get(id) ?? 0) > 0;
  let id = [...tasks.keys()].sort().find(isLeft) ?? "";
  const path: string[] = [];
  const seenAt = new Map<string, number>();
  while (!seenAt.has(id)) {
    seenAt.set(id, path.length);
    path.push(id);
    id = tasks.get(id)?.upstream.find(isLeft) ?? "";
  }
  return [...path.slice(seenAt.get(id)), id].reverse();
}

/** Refuses a path longer than the limit. */
export function checkDepth(dagId: string, order: readonly string[], tasks: Tasks): void {
  const depth = new Map<string, number>();
  let deepest = 0;
  for (const id of order) {
    let above = 0;
    for (const upstream of tasks.get(id)?.upstream ?? []) above = Math.max(above, depth.get(upstream) ?? 0);
    depth.set(id, above + 1);
    deepest = Math.max(deepest, above + 1);
  }
  checkLimit(dagId, "depth", deepest);
}
