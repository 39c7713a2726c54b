import { checkNames, dagInvalid } from "../authoring-error.ts";
import { checkId, currentScope } from "../dag/dag-scope.ts";
import type { DagScope, NodeDraft } from "../dag/draft.ts";
import { addEdge, addEdges, endsOf, firstOf, lastOf, listed } from "../dag/edges.ts";
import { toArguments } from "../values/argument.ts";
import type { Edges, EdgeTarget, Inputs } from "../values/ref.ts";
import { makeNode } from "./make-node.ts";
import { checkFunction } from "./task.ts";
import { type TaskOptions, taskOptionNames } from "./task-options.ts";

/** Paths by key: each makes the tasks of its path, or returns ones that are there. */
type Paths = Readonly<Record<string, () => EdgeTarget>>;

type Chosen<B extends Paths> = keyof B & string;

/** A branch as authored. What its call returns holds what each path returned, and has edges: in at the branch, out at the ends of its paths. */
export interface Branch<A extends readonly unknown[], B extends Paths> {
  (...args: Inputs<A, "all_success">): { readonly [K in keyof B]: ReturnType<B[K]> } & Edges;
  with(options: TaskOptions<"all_success">): Branch<A, B>;
  /** The function that chooses, for tests. */
  readonly fn: (...args: A) => Chosen<B> | Promise<Chosen<B>>;
}

/**
 * A task that chooses one of several paths by key; the first tasks of the others are skipped.
 * @example
 * const bySize = branch("by_size", { big: () => load(rows), small: () => empty("nothing") },
 *   (count: number) => (count > 100 ? "big" : "small"));
 * bySize(count(rows));
 */
export function branch<A extends readonly unknown[], B extends Paths>(
  id: string,
  paths: B,
  choose: (...args: A) => Chosen<B> | Promise<Chosen<B>>,
): Branch<A, B> {
  checkId("task", id);
  if (Object.keys(paths).length === 0) throw dagInvalid(`Branch \`${id}\` has no paths`);
  return makeBranch({ id, paths, choose: checkFunction(id, choose), options: {} });
}

interface BranchParts<A extends readonly unknown[], B extends Paths> {
  readonly id: string;
  readonly paths: B;
  readonly choose: (...args: A) => Chosen<B> | Promise<Chosen<B>>;
  readonly options: TaskOptions;
}

function makeBranch<A extends readonly unknown[], B extends Paths>(parts: BranchParts<A, B>): Branch<A, B> {
  const { id, paths, choose: fn, options } = parts;
  checkNames(`Branch \`${id}\``, options, taskOptionNames);
  const call = (...values: readonly unknown[]): unknown => {
    const name = `\`${options.id ?? id}(…)\``;
    const scope = currentScope(name, "Call it inside `dag(…)`.");
    const { args, sources } = toArguments(scope, name, values);
    const draft = makeNode(scope, { id, kind: "branch", operator: "branch", options, fn, args, sources });
    return walkPaths(scope, draft, paths);
  };
  return Object.assign(call, {
    with: (more: TaskOptions) => makeBranch({ ...parts, options: { ...options, ...more } }),
    fn,
  }) as unknown as Branch<A, B>;
}

/** Makes the tasks of each path and joins the branch to the first of them. */
function walkPaths(scope: DagScope, draft: NodeDraft, paths: Paths): unknown {
  const results: [string, unknown][] = [];
  const members = new Set<NodeDraft>();
  for (const [key, path] of Object.entries(paths)) {
    const before = scope.nodes.size;
    const result = path();
    const made = [...scope.nodes.values()].slice(before);
    const targets = new Set([...firstOf(scope, made), ...givenIn(result, made)]);
    if (targets.size === 0) {
      throw dagInvalid(
        `Path \`${key}\` of branch \`${draft.id}\` leads to no task`,
        'Return the Ref of a task, or make one: `() => empty("nothing_to_do")`.',
      );
    }
    for (const { id } of targets) addEdge(scope, [draft.id, id], null);
    draft.branches?.set(key, [...targets]);
    for (const node of [...made, ...targets]) members.add(node);
    results.push([key, result]);
  }
  const ends = { name: `branch \`${draft.id}\``, first: () => [draft], last: () => lastOf(scope, [...members]) };
  return addEdges(Object.fromEntries(results), ends, scope);
}

/** Tasks a path returned without having made them. */
function givenIn(result: unknown, made: readonly NodeDraft[]): readonly NodeDraft[] {
  const ends = listed(result).map(endsOf);
  return ends.flatMap((end) => end?.first() ?? []).filter((node) => !made.includes(node));
}
