/** An invariant that does not hold. The numbers are those of docs/proof/simulator.md. */
export class Violation extends Error {
  readonly invariant: number;

  constructor(invariant: number, words: string) {
    super(`invariant ${invariant}: ${words}`);
    this.name = "Violation";
    this.invariant = invariant;
  }
}
