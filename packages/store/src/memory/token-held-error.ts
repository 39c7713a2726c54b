/** A token hash of a claim has a running attempt: the transaction is undone and done again, as after a deadlock. */
export class TokenHeldError extends Error {
  constructor() {
    super("a token hash of this claim holds a running attempt");
    this.name = "TokenHeldError";
  }
}
