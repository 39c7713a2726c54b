import { chain, dag, empty, group, label, task } from "airloom";

export const download = task("download", (source: string) => [`${source}: row 1`, `${source}: row 2`]);
export const clean = task("clean", (rows: string[]) => rows.map((row) => row.toUpperCase()));
export const merge = task("merge", (lists: string[][]) => lists.flat());
export const publish = task("publish", (rows: string[]) => rows.length);

/** Tasks under a common name: their ids become `shops.clean`, options can be given once, and edges can be drawn to all of them. */
export default dag("basics_groups", { description: "Groups and edges", tags: ["example", "basics"] }, () => {
  const start = empty("start");
  const fromSource = (source: string) =>
    group(source, { tooltip: `Everything from ${source}`, taskDefaults: { retries: 2, retryDelay: "1s" } }, () =>
      // The same task may be used in each group: its id there is `shops.download`, `web.download`.
      clean(download(source)),
    );
  const sources = ["shops", "web"].map(fromSource);
  const published = publish(merge(sources));
  // Edges without data. An edge to a group goes to its first tasks, an edge from it comes from its last ones.
  chain(start, sources);
  published.before(label("only when all is there", empty("done")));
});
