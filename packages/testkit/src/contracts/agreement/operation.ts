import type { Tx } from "@airloom/store";
import type fc from "fast-check";
import type { World } from "./world.ts";

/** One verb with its arguments, to be done in any store. */
export interface Operation {
  readonly name: string;
  readonly text: string;
  readonly run: (tx: Tx, world: World) => Promise<unknown>;
}

/** A kind of operation, drawn by name. */
export interface OperationKind {
  readonly name: string;
  readonly arbitrary: fc.Arbitrary<Operation>;
}

/** Random arguments, and what is done with them. */
export const operation = <Given>(
  name: string,
  given: fc.Arbitrary<Given>,
  run: (tx: Tx, args: Given, world: World) => Promise<unknown>,
): OperationKind => ({
  name,
  arbitrary: given.map((args) => ({
    name,
    text: `${name}(${JSON.stringify(args)})`,
    run: (tx, world) => run(tx, args, world),
  })),
});

export const sortedBy = <Row>(rows: readonly Row[], keyOf: (row: Row) => string): readonly Row[] =>
  rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
