import { setTimeout as wait } from "node:timers/promises";
import { chain, context, dag, empty, task } from "airloom";

const pool = "basics_printer";

export const printPage = task("print_page", { pool }, async (page: number) => {
  await wait(200, undefined, { signal: context().signal });
  return page;
});

// Takes two of the pool's slots, so that nothing else prints meanwhile; and goes before the others.
export const printPoster = task(
  "print_poster",
  { pool, poolSlots: 2, priority: 10, weightRule: "absolute" },
  async (title: string) => {
    await wait(200, undefined, { signal: context().signal });
    return title;
  },
);

/**
 * Tasks that share something scarce: at most as many of them run at once as the pool has slots, over all Dags.
 * Make the pool first, `airloom pools set basics_printer 2`; without it the tasks wait, and `airloom explain` says for what.
 */
export default dag(
  "basics_pools",
  { description: "A pool of two slots, and priorities", tags: ["example", "basics"], maxActiveTasks: 8 },
  () => {
    const pages = printPage.expand([1, 2, 3, 4, 5, 6]);
    chain(empty("start"), [pages, printPoster("Airloom")]);
  },
);
