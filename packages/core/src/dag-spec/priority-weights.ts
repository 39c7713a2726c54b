import type { TaskSpec } from "./task-spec.ts";

/** Neighbours by position in the order, always later ones (for weights towards upstream the order is reversed). */
type Later = readonly (readonly number[])[];

/**
 * Total priority of each task by its weight rule: `absolute` its own; `downstream` its own and that of every distinct task
 * after it; `upstream` of every distinct task before it (Airflow 1.10 of its manual). Memory is linear. Time is linear for
 * chains, and tasks × edges / 64 otherwise: reachability is worked out for 32 tasks at a time, one bit each.
 */
export function priorityWeights(
  tasks: ReadonlyMap<string, TaskSpec>,
  downstream: ReadonlyMap<string, readonly string[]>,
  order: readonly string[],
): ReadonlyMap<string, number> {
  const own = order.map((id) => tasks.get(id)?.priorityWeight ?? 1);
  const index = new Map(order.map((id, position) => [id, position]));
  const positions = (ids: readonly string[] | undefined): number[] => (ids ?? []).map((id) => index.get(id) ?? 0);
  const uses = (rule: TaskSpec["weightRule"]): boolean => [...tasks.values()].some((task) => task.weightRule === rule);
  const last = order.length - 1;

  const down = uses("downstream")
    ? totals(
        own,
        order.map((id) => positions(downstream.get(id))),
      )
    : [];
  const up = uses("upstream")
    ? totals(
        own.toReversed(),
        order.toReversed().map((id) => positions(tasks.get(id)?.upstream).map((position) => last - position)),
      ).toReversed()
    : [];
  const byRule = { absolute: own, downstream: down, upstream: up };
  return new Map(order.map((id, i) => [id, byRule[tasks.get(id)?.weightRule ?? "absolute"][i] ?? 1]));
}

function totals(own: readonly number[], later: Later): number[] {
  return later.every((ids) => ids.length <= 1) ? chainTotals(own, later) : reachableTotals(own, later);
}

/** With one neighbour at most, what is reachable is the neighbour and what it reaches: no task twice. */
function chainTotals(own: readonly number[], later: Later): number[] {
  const sums = own.slice();
  for (let i = own.length - 1; i >= 0; i--) {
    const next = later[i]?.[0];
    if (next !== undefined) sums[i] = (own[i] ?? 0) + (sums[next] ?? 0);
  }
  return sums;
}

function reachableTotals(own: readonly number[], later: Later): number[] {
  const sums = own.slice();
  const { starts, targets } = flatten(later);
  const reached = new Int32Array(own.length);
  for (let first = 0; first < own.length; first += 32) {
    const weighs = weightOfBits(own, first);
    // Tasks after the block cannot reach into it.
    const end = Math.min(first + 32, own.length);
    for (let i = end - 1; i >= 0; i--) {
      let mask = 0;
      for (let edge = starts[i] ?? 0; edge < (starts[i + 1] ?? 0); edge++) {
        const target = targets[edge] ?? 0;
        if (target >= end) continue;
        mask |= reached[target] ?? 0;
        if (target >= first) mask |= 1 << (target - first);
      }
      reached[i] = mask;
      if (mask !== 0) sums[i] = (sums[i] ?? 0) + weighs(mask);
    }
  }
  return sums;
}

/** All lists in one array: the inner loop above runs tasks × edges / 64 times. */
function flatten(later: Later): { starts: Int32Array; targets: Int32Array } {
  const starts = new Int32Array(later.length + 1);
  later.forEach((ids, i) => {
    starts[i + 1] = (starts[i] ?? 0) + ids.length;
  });
  const targets = new Int32Array(starts[later.length] ?? 0);
  later.forEach((ids, i) => {
    targets.set(ids, starts[i]);
  });
  return { starts, targets };
}

/** Sum of the weights of a mask's bits, by four tables of one byte each. */
function weightOfBits(own: readonly number[], first: number): (mask: number) => number {
  const table = new Float64Array(1_024);
  for (let byte = 0; byte < 4; byte++) {
    for (let bits = 1; bits < 256; bits++) {
      const lowest = 31 - Math.clz32(bits & -bits);
      const rest = table[byte * 256 + (bits & (bits - 1))] ?? 0;
      table[byte * 256 + bits] = rest + (own[first + byte * 8 + lowest] ?? 0);
    }
  }
  const at = (byte: number, mask: number): number => table[byte * 256 + ((mask >>> (byte * 8)) & 255)] ?? 0;
  return (mask) => at(0, mask) + at(1, mask) + at(2, mask) + at(3, mask);
}
