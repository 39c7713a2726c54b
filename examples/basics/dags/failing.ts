import { dag, task } from "airloom";
import { z } from "zod";

interface Order {
  id: number;
  customer: { name: string } | null;
}

/** A mistake as they happen: the second order has no customer. */
export function parseOrders(text: string): Order[] {
  try {
    return JSON.parse(text) as Order[];
  } catch (cause) {
    throw new Error("the answer of the shop is not JSON", { cause });
  }
}

// The log of this task names the file and the line below, in TypeScript, and below it the error that caused it.
export const readOrders = task("read_orders", () => parseOrders('[{"id": 1, "customer": {"name": "Ada"}}, {"id": 2'));

// A schema says which field is wrong. It is checked after the function, so what comes later can rely on it.
export const makeInvoice = task(
  "make_invoice",
  { output: z.object({ id: z.number(), total: z.number().positive() }) },
  () => ({ id: 7, total: -12 }),
);

export const send = task(
  "send",
  (orders: Order[], invoice: { id: number; total: number }) => orders.length + invoice.id,
);

/** Fails on purpose, twice: see `airloom tasks logs basics_failing latest read_orders`, and `airloom explain basics_failing latest`. */
export default dag("basics_failing", { description: "Fails on purpose", tags: ["example", "basics"] }, () => {
  send(readOrders(), makeInvoice());
});
