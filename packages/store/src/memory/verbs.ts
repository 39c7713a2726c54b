import type { Transaction } from "./transaction.ts";

/**
 * A group of the contract's verbs as this store writes them: the transaction, then the verb's arguments as one list. A verb that
 * cannot wait is a plain function.
 */
export type Verbs<Group> = {
  readonly [Name in keyof Group]: Group[Name] extends (...args: infer Args) => Promise<infer Answer>
    ? (at: Transaction, args: Args) => Answer | Promise<Answer>
    : never;
};
