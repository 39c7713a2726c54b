/** What has to compile, and what must not: `tsc` is the test runner. Nothing here runs. */
import { z } from "zod";
import {
  branch,
  chain,
  context,
  cron,
  dag,
  empty,
  group,
  label,
  operator,
  type Ref,
  shortCircuit,
  task,
} from "./index.ts";

interface Order {
  id: number;
  total: number;
  at: Date;
}

const extract = task("extract", { retries: 3 }, async (day: Date): Promise<Order[]> => [{ id: 1, total: 2, at: day }]);
const clean = task("clean", (rows: Order[]) => rows.filter((row) => row.total > 0));
const load = task("load", async (rows: Order[], region: string) => {
  void rows;
  void region;
});
const scale = task("scale", (order: Order, factor: number) => order.total * factor);
const sum = task("sum", (values: readonly number[]) => values.reduce((a, b) => a + b, 0));
const report = task("report", (of: { rows: Order[]; region: "eu" | "us" }) => of.rows.length);
const tidy = task("tidy", { triggerRule: "all_done" }, (rows: Order[] | undefined) => rows?.length ?? 0);
const strictTidy = task("strict_tidy", { triggerRule: "all_done" }, (rows: Order[]) => rows.length);
const isLarge = shortCircuit("is_large", (rows: Order[]) => rows.length > 10);
const ping = operator("ping", async ({ url, times }: { url: string; times: number }) => `${url} ${times}`);

export const daily = dag(
  "daily",
  {
    schedule: cron("0 6 * * *", { timezone: "Europe/London" }),
    params: z.object({
      region: z.enum(["eu", "us"]).default("eu"),
      count: z.number(),
      mail: z.object({ to: z.string() }),
    }),
    data: { city: "Paris" },
  },
  ({ run, params, variables, data }) => {
    const rows = extract(run.logicalDate);
    const cleaned: Ref<Order[]> = clean(rows);
    load(cleaned, params.region);
    load(clean([]), "eu");
    load(cleaned, params.mail.to);
    load(cleaned, variables("bucket"));
    load(cleaned, data.city);
    report({ rows, region: params.region });
    const totals: Ref<number[]> = scale.expand(rows, [1, 2]);
    const total = sum(totals);
    sum([total, 1]);
    tidy(cleaned);
    tidy.with({ triggerRule: "all_success" })(cleaned);
    strictTidy([]);
    isLarge(rows).before(empty("end"));
    const size = branch("size", { big: () => load(cleaned, "eu"), small: () => sum([1]) }, (n: number) =>
      n > 3 ? "big" : "small",
    );
    const paths = size(total);
    paths.small.before(load(cleaned, "us"));
    chain(rows, paths, empty("joined"));
    const inGroup = group("g", () => ({ first: extract(run.logicalDate), rest: [sum([1])] }));
    inGroup.before(label("then", empty("after_group")));
    const first: Ref<Order[]> = inGroup.first;
    clean(first);
    const answer: Ref<string> = ping("ping", { url: ({ runId }) => runId, times: total, retries: 2 });
    empty("last").after(answer);

    // @ts-expect-error wrong type
    load("x", "eu");
    // @ts-expect-error Ref of the wrong type
    load(sum([1]), "eu");
    // @ts-expect-error missing argument
    load(cleaned);
    // @ts-expect-error element type
    sum(["a"]);
    // @ts-expect-error unknown branch
    branch("b", { big: () => load(cleaned, "eu") }, () => "huge");
    // @ts-expect-error wrong enum
    report({ rows, region: "asia" });
    // @ts-expect-error params.count is a number
    load(cleaned, params.count);
    // @ts-expect-error there is no such param
    load(cleaned, params.regoin);
    // @ts-expect-error there is no such param inside
    load(cleaned, params.mail.from);
    // @ts-expect-error under all_done the value may be missing
    strictTidy(cleaned);
    // @ts-expect-error and under a rule given later
    clean.with({ triggerRule: "one_failed" })(rows);
    // @ts-expect-error expand takes lists
    scale.expand(rows, 2);
    // @ts-expect-error an operator's parameter has a type
    ping("ping2", { url: 3, times: 1 });
    // @ts-expect-error and is needed
    ping("ping3", { url: "x" });
    // @ts-expect-error a fact has no edges
    run.logicalDate.before(rows);
    // @ts-expect-error an uncalled task is no node
    chain(extract, rows);
    // @ts-expect-error data has a type
    load(cleaned, data.town);
  },
);

// @ts-expect-error an option that does not exist
task("typo", { retrys: 3 }, () => 1);
// @ts-expect-error a trigger rule that does not exist
task("rule", { triggerRule: "sometimes" }, () => 1);
// @ts-expect-error a Dag option that does not exist
dag("typo", { shedule: "@daily" }, () => {});
// @ts-expect-error a function cannot leave a task
task("bad", () => ({ f: () => 1 }));
// @ts-expect-error nor a promise inside
task("bad2", async () => ({ p: Promise.resolve(1) }));
// @ts-expect-error nor a symbol
task("bad4", () => Symbol("x"));

interface Row {
  id: number;
  note?: string;
}
export const optional = task("optional", (): Row[] => [{ id: 1 }]);
export const parsed = task("parsed", async () => JSON.parse("{}"));
export const kept = task("kept", () => new Map([["a", new Set([1n])]]));
interface Tree {
  name: string;
  weights: Float32Array;
  children: Tree[];
}
const tree = task("tree", (): Tree => ({ name: "root", weights: new Float32Array(2), children: [] }));
const depth = task("depth", (of: Tree) => of.children.length);
export const trees = dag("trees", {}, () => depth(tree()));
// @ts-expect-error a body is synchronous, and
dag("awaiting", {}, async ({ run }) => {
  // @ts-expect-error a Ref cannot be awaited
  await extract(run.logicalDate);
});
// @ts-expect-error a body is synchronous
dag("async", {}, async () => {});
class Connection {
  #open = true;
  isOpen() {
    return this.#open;
  }
}
// @ts-expect-error nor a class with methods
task("bad3", () => new Connection());
// @ts-expect-error data has to be data
dag("bad_data", { data: { f: () => 1 } }, () => {});
export const signalled = task("signalled", () => context().signal.aborted);
