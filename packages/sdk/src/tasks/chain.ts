import { dagInvalid } from "../authoring-error.ts";
import { connect, listed } from "../dag/edges.ts";
import type { EdgeTarget } from "../values/ref.ts";

/**
 * Sets targets one after another. A list stands for tasks side by side; two lists in a row have to be equally long and are
 * joined in pairs (Airflow's rule).
 * @example chain(start, [extractA, extractB], [loadA, loadB], done)
 */
export function chain(...targets: EdgeTarget[]): void {
  targets.forEach((target, index) => {
    const next = targets[index + 1];
    if (index + 1 < targets.length) joinNext(target, next);
  });
}

function joinNext(target: unknown, next: unknown): void {
  const [from, to] = [listed(target), listed(next)];
  const bothLists = Array.isArray(target) && Array.isArray(next) && from === target && to === next;
  if (!bothLists) {
    connect(from, to);
    return;
  }
  if (from.length !== to.length) {
    throw dagInvalid(
      `chain() was given a list of ${from.length} and then a list of ${to.length}`,
      "Lists next to each other are joined in pairs; use `a.before(...b)` to join each with each.",
    );
  }
  for (const [index, one] of from.entries()) connect(one, to[index]);
}
