import { setTimeout as pause } from "node:timers/promises";
import { context, dag, task } from "airloom";
import { z } from "zod";
import { recordExecution } from "../lib/record-execution.ts";

interface Part {
  readonly index: number;
  readonly ms: number;
}

const again = { retries: 5, retryDelay: "100ms" } as const;

const plan = task(
  "plan",
  again,
  (width: number, slowMs: number): Promise<Part[]> =>
    recordExecution(async () =>
      Array.from({ length: width }, (_, index) => ({ index, ms: index % 8 === 2 ? slowMs : 30 + (index % 5) * 20 })),
    ),
);
const work = task(
  "work",
  again,
  ({ index, ms }: Part): Promise<number> =>
    recordExecution(async () => {
      const { signal, tryNumber } = context();
      await pause(ms, undefined, { signal });
      // Some fail once: their next try comes by the scheduler's clock.
      if (index % 6 === 1 && tryNumber === 1) throw new Error("not at the first try");
      return index * index;
    }),
);
const collect = task(
  "collect",
  again,
  (squares: number[]): Promise<number> => recordExecution(async () => squares.reduce((sum, square) => sum + square, 0)),
);

const params = z.object({ width: z.number().int().default(24), slowMs: z.number().int().default(50) });

/** One, many, one; each execution stands in the ledger. */
export default dag("fan_out", { params }, ({ params: { width, slowMs } }) => {
  collect(work.expand(plan(width, slowMs)));
});
