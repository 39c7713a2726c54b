/** The first line of a task says when it was reached, by the clock that all processes of a machine share. */
const firstLine = "() => Number(process.hrtime.bigint()) / 1e6";

/** That clock here, ms. */
export const sharedClock = (): number => Number(process.hrtime.bigint()) / 1e6;

/** `t0` to `t39`, each after the one before. `values`: each passes what it got to the next. */
export function chainDag(
  id: string,
  options: { readonly values?: boolean; readonly isolation?: "fresh" } = {},
): string {
  const taskOptions = options.isolation ? `{ isolation: "${options.isolation}" }, ` : "";
  return `import { chain, dag, task } from "airloom";
const step = task("step", ${taskOptions}() => {});
const first = task("first", () => 1);
const next = task("next", (value: number) => value + 1);
export default dag("${id}", {}, () => {
  let last: any = ${options.values ? 'first.with({ id: "t0" })()' : 'step.with({ id: "t0" })()'};
  for (const id of Array.from({ length: 39 }, (_, i) => "t" + (i + 1))) {
    const node: any = ${options.values ? "next.with({ id })(last)" : "step.with({ id })()"};
    ${options.values ? "" : "chain(last, node);"}
    last = node;
  }
});
`;
}

/** One task, a thousand authored nodes, one task. */
export const fanNodesDag = (id: string): string => `import { chain, dag, task } from "airloom";
const start = task("start", () => {});
const work = task("work", () => {});
const join = task("join", () => {});
export default dag("${id}", { maxActiveTasks: 2_000 }, () => {
  const first = start();
  const last = join();
  for (let i = 0; i < 1_000; i += 1) chain(first, work.with({ id: \`w\${i}\` })(), last);
});
`;

/** One task that returns a list of a thousand, one mapped task over it, one that reads all results. */
export const fanMappedDag = (id: string): string => `import { dag, task } from "airloom";
const list = task("list", () => Array.from({ length: 1_000 }, (_, i) => i));
const work = task("work", (item: number) => item * 2);
const join = task("join", (items: number[]) => items.length);
export default dag("${id}", { maxActiveTasks: 2_000 }, () => { join(work.expand(list())); });
`;

/** One task whose result is the time of its first line. */
export const startDag = (id: string): string => `import { dag, task } from "airloom";
const now = task("now", ${firstLine});
export default dag("${id}", {}, () => { now(); });
`;
