import { dag, fail, skip, task } from "airloom";
import { z } from "zod";

export const readFeed = task("read_feed", { retries: 2, retryDelay: "1s" }, (feed: "full" | "empty" | "forbidden") => {
  // Skipping is no failure: the run goes on, and what needs this task's rows is skipped with it.
  if (feed === "empty") skip("the feed has no rows today");
  // `fail` ends the task for good, however many retries are left: trying again would not help.
  if (feed === "forbidden") fail("the feed does not accept our key");
  return ["one", "two"];
});

export const load = task("load", (rows: string[]) => rows.length);

// Runs whatever became of the tasks before it, and gets their values if there are any.
export const tidyUp = task("tidy_up", { triggerRule: "all_done" }, (loaded: number | undefined) => {
  console.log(loaded === undefined ? "nothing was loaded" : `${loaded} rows were loaded`);
});

/** `airloom dags trigger basics_skip_and_fail --conf '{"feed": "forbidden"}'` */
export default dag(
  "basics_skip_and_fail",
  {
    description: "Skip, fail without retry, and a task that always runs",
    tags: ["example", "basics"],
    params: z.object({ feed: z.enum(["full", "empty", "forbidden"]).default("empty") }),
  },
  ({ params }) => {
    tidyUp(load(readFeed(params.feed)));
  },
);
