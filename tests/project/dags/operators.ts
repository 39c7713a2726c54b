import { dag, task } from "airloom";
import { bash, python, sql } from "airloom/operators";
import { z } from "zod";

const report = task("report", (word: string, doubled: { doubled: number[] }, rows: { n: number }[]): string =>
  [word, doubled.doubled.join("+"), rows.map(({ n }) => n).join("+")].join(" "),
);

/** A shell, Python, a database, and a task of TypeScript that reads what they gave. */
export default dag("operators", {}, () => {
  const word = bash("word", { command: 'echo "on the way"; echo "$WORD" | tr a-z A-Z', env: { WORD: "hello" } });
  const doubled = python("doubled", {
    script: new URL("../scripts/double.py", import.meta.url),
    function: "double",
    input: { values: [1, 2, 3] },
    output: z.object({ doubled: z.array(z.number()) }),
  });
  const rows = sql("rows", {
    connection: "warehouse",
    sql: "select n::int as n from generate_series(1, $1::int) as n",
    params: [3],
    output: z.array(z.object({ n: z.number() })),
  });
  report(word, doubled, rows);
});
