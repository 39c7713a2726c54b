/** A system as an explicit-state search sees it: where it starts, what may happen next, and what must never be. */
export interface Model<State> {
  readonly start: State;
  /** Everything that may happen in this state, with a name for people. */
  next(state: State): Iterable<Step<State>>;
  /** What is wrong with this state; empty when nothing is. */
  wrong(state: State): readonly string[];
  /** Nothing more has to happen. */
  isDone(state: State): boolean;
  /** Beyond the bounds of the model: not looked behind, and nothing is said of it. */
  isCut(state: State): boolean;
  /** The same text for states between which no rule can tell. */
  keyOf(state: State): string;
}

export interface Step<State> {
  readonly name: string;
  readonly to: State;
  /** What is wrong with the step itself, as an illegal move. */
  readonly wrong?: string;
  /** Somebody must want it: a run may not depend on it to come to its end. */
  readonly optional?: boolean;
}

export interface Finding {
  readonly what: string;
  /** The names of the steps that lead there, from the start. */
  readonly path: readonly string[];
}

export interface Search {
  readonly states: number;
  readonly steps: number;
  readonly done: number;
  readonly cut: number;
  readonly deepest: number;
  /** How often each kind of step was taken: one that never was proves nothing. */
  readonly taken: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

interface Known {
  readonly from: number;
  readonly name: string;
  readonly depth: number;
}

/**
 * Visits every state that can be reached, breadth first, so that the path to a finding is a shortest one. Then asks of each state
 * whether its end can still be reached without anybody's favour.
 */
export function search<State>(model: Model<State>, limits: { readonly findings: number } = { findings: 5 }): Search {
  const index = new Map<string, number>([[model.keyOf(model.start), 0]]);
  const states: (State | null)[] = [model.start];
  const known: Known[] = [{ from: -1, name: "start", depth: 0 }];
  const before: number[][] = [[]];
  const taken: Record<string, number> = {};
  const findings: Finding[] = [];
  const ends: number[] = [];
  let [steps, done, cut] = [0, 0, 0];
  const tell = (what: string, at: number, last?: string): void => {
    if (findings.length < limits.findings) findings.push({ what, path: pathTo(known, at, last) });
  };
  for (let at = 0; at < states.length; at += 1) {
    const state = states[at];
    if (state === null || state === undefined) continue;
    // What was looked at is not needed again; the keys stay.
    states[at] = null;
    for (const what of model.wrong(state)) tell(what, at);
    if (model.isDone(state)) done += 1;
    if (model.isCut(state)) cut += 1;
    if (model.isDone(state) || model.isCut(state)) ends.push(at);
    if (model.isCut(state)) continue;
    for (const { name, to, wrong, optional } of model.next(state)) {
      steps += 1;
      taken[kindOf(name)] = (taken[kindOf(name)] ?? 0) + 1;
      if (wrong) tell(wrong, at, name);
      const key = model.keyOf(to);
      let found = index.get(key);
      if (found === undefined) {
        found = states.length;
        index.set(key, found);
        states.push(to);
        known.push({ from: at, name, depth: (known[at]?.depth ?? 0) + 1 });
        before.push([]);
      }
      if (!optional) before[found]?.push(at);
    }
    if (findings.length >= limits.findings) break;
  }
  if (findings.length === 0) for (const at of stranded(before, ends)) tell("the end cannot be reached from here", at);
  const deepest = known.at(-1)?.depth ?? 0;
  return { states: states.length, steps, done, cut, deepest, taken, findings };
}

const kindOf = (name: string): string => name.replace(/ .*/, "");

/** The states from which no end can be reached. */
function stranded(before: readonly (readonly number[])[], ends: readonly number[]): readonly number[] {
  const reaches = new Uint8Array(before.length);
  const open = [...ends];
  for (const end of ends) reaches[end] = 1;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const earlier of before[at] ?? []) {
      if (reaches[earlier]) continue;
      reaches[earlier] = 1;
      open.push(earlier);
    }
  }
  const found: number[] = [];
  for (const [at, reached] of reaches.entries()) if (!reached) found.push(at);
  return found;
}

function pathTo(known: readonly Known[], at: number, last?: string): readonly string[] {
  const path: string[] = last === undefined ? [] : [last];
  for (let step = known[at]; step && step.from >= 0; step = known[step.from]) path.unshift(step.name);
  return path;
}
