import { branch, dag, empty, shortCircuit, task } from "airloom";
import { z } from "zod";

export const count = task("count_rows", (rows: number) => rows);
export const loadAll = task("load_all", (rows: number) => `loaded ${rows} rows at once`);
export const loadInPieces = task("load_in_pieces", (rows: number) => `loaded ${rows} rows, 1,000 at a time`);

// Under this rule a task runs when nothing before it failed and something succeeded: skipped paths do not stop it. Its
// arguments may then be missing, and the compiler insists that it says what it does in that case.
export const report = task(
  "report",
  { triggerRule: "none_failed_min_one_success" },
  (atOnce: string | undefined, inPieces: string | undefined) => atOnce ?? inPieces ?? "nothing was loaded",
);

export const isWorthIt = shortCircuit("is_worth_mailing", (rows: number) => rows >= 10_000);
export const mail = task("mail", (rows: number) => console.log(`${rows} rows: that is news`));

/** One of several paths, chosen while the run is under way; the tasks of the others are skipped. */
export default dag(
  "basics_branching",
  {
    description: "A branch, its paths joined again, and a task that may end its own path",
    tags: ["example", "basics"],
    params: z.object({ rows: z.int().min(0).default(500) }),
  },
  ({ params }) => {
    const rows = count(params.rows);
    const bySize = branch(
      "by_size",
      // Each key is a path: it makes its tasks, or returns ones that are there.
      { few: () => loadAll(rows), many: () => loadInPieces(rows), none: () => empty("nothing_to_load") },
      // Only these keys may be returned; a misspelt one does not compile.
      (found: number) => (found === 0 ? "none" : found < 1_000 ? "few" : "many"),
    );
    const paths = bySize(rows);
    report(paths.few, paths.many).after(paths.none);
    // On false, everything after it is skipped.
    isWorthIt(rows).before(mail(rows));
  },
);
