import { context, dag, task } from "airloom";
import { z } from "zod";

const params = z.object({
  region: z.enum(["eu", "us"]).default("eu").describe("Where the orders come from"),
  limit: z.int().min(1).max(100).default(10).describe("At most so many orders"),
  // People and scripts enter JSON, so a date is entered as text; the task gets a Date.
  since: z.iso
    .date()
    .default("2026-01-01")
    .transform((text) => new Date(text)),
});

export const listOrders = task("list_orders", (region: "eu" | "us", limit: number, since: Date) => {
  context().log.info("listing orders", { region, limit, since: since.toISOString() });
  return Array.from({ length: limit }, (_, index) => ({ id: `${region}-${index + 1}`, total: (index + 1) * 10 }));
});

export const total = task("total", (orders: { id: string; total: number }[]) =>
  orders.reduce((sum, order) => sum + order.total, 0),
);

/**
 * What a run may be given. Wrong params are refused when the run is triggered, with the field and the reason:
 * `airloom dags trigger basics_params --conf '{"region": "us", "limit": 3}'`
 */
export default dag(
  "basics_params",
  { description: "Params with types, bounds and defaults", tags: ["example", "basics"], params },
  ({ params: given }) => {
    // Each param is a Ref of its own type: giving `limit` where a region is wanted does not compile.
    total(listOrders(given.region, given.limit, given.since));
  },
);
