import type { TriggerRule } from "@airloom/core";
import type { Primitive } from "./serializable.ts";

declare const valueType: unique symbol;
declare const alwaysThere: unique symbol;

/**
 * A typed promise of a value that exists when a task runs. Pass it to a task; awaiting it does not compile (its `then` stands
 * in the type alone, and is no promise's).
 */
export interface ValueRef<T> {
  readonly [valueType]: T;
  then(problem: "a Ref is read by a task, not awaited"): never;
}

/** A fact of the run, a param or a variable: there whatever became of other tasks. */
export interface FactRef<T> extends ValueRef<T> {
  readonly [alwaysThere]: true;
}

/** What edges can be drawn from and to: a task's Ref, a group, the result of a branch, a labelled one of these. */
export interface Edges {
  /** Makes these run after this. @example extract.before(clean, check) */
  before(...next: EdgeTarget[]): void;
  /** Makes this run after these. */
  after(...previous: EdgeTarget[]): void;
}

export type EdgeTarget = EdgeEnd | readonly EdgeEnd[];
type EdgeEnd = Edges | Labelled;

/** An edge's other end with words for people; made by `label()`. */
export interface Labelled {
  readonly text: string;
  readonly target: Edges;
}

/** A node of the graph, and a typed promise of its value. */
export interface Ref<T> extends ValueRef<T>, Edges {}

/** Refs that a parameter of type T accepts: under a trigger rule that lets the task run without its upstream's value, only if T allows `undefined`. */
type RefOf<T, Rule> = [Rule] extends ["all_success"]
  ? ValueRef<T>
  : FactRef<T> | (undefined extends T ? ValueRef<T> : never);

/** T, a Ref of T, or a structure holding Refs at any depth. */
export type Input<T, Rule = "all_success"> =
  | T
  | RefOf<T, Rule>
  | (T extends Primitive
      ? never
      : T extends readonly (infer E)[]
        ? readonly Input<E, Rule>[]
        : T extends object
          ? { readonly [K in keyof T]: Input<T[K], Rule> }
          : never);

/** The inputs of a call, one per parameter. */
export type Inputs<A extends readonly unknown[], Rule extends TriggerRule> = { [I in keyof A]: Input<A[I], Rule> };

/** The lists of an expanding call, one per parameter. */
export type Elements<A extends readonly unknown[], Rule extends TriggerRule> = {
  [I in keyof A]: Input<readonly A[I][], Rule>;
};
