import { all, breaks, type DagFileCase, imports, loads, one } from "../case.ts";

const mib = 1024 * 1024;
const padded = (bytes: number): string => {
  const code = `${imports}${one}//`;
  return `${code}${"x".repeat(Math.max(0, bytes - code.length))}`;
};
const tasks = (count: number): string =>
  `${imports}const t = task("t", () => 1);\nexport default dag("$ID", {}, () => { for (let i = 0; i < ${count}; i++) t.with({ id: "t" + i })(); });`;
const chain = (depth: number): string =>
  `${imports}const t = task("t", (x: unknown) => x);\nexport default dag("$ID", {}, () => { let r: any = 1; for (let i = 0; i < ${depth}; i++) r = t.with({ id: "t" + i })(r); });`;
const many = (count: number): string =>
  `${imports}export const all = Array.from({ length: ${count} }, (_, i) => dag("$ID_" + i, {}, () => {}));`;
const constant = (bytes: number): string =>
  `${imports}const t = task("t", (x: string) => x);\nexport default dag("$ID", {}, () => { t("y".repeat(${bytes})); });`;
const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `$ID_${i}`);
const nestedData = (depth: number): string =>
  `${imports}const t = task("t", (x: unknown) => x); let d: unknown = 1; for (let i = 0; i < ${depth}; i++) d = [d];\nexport default dag("$ID", {}, () => { t(d as never); });`;
const nestedCode = (depth: number): string => `export default ${"[".repeat(depth)}${"]".repeat(depth)};`;

/** Sizes around the limits that users are told, at which everything still works or is refused in words. Row 40. */
export const publishedSizes: readonly DagFileCase[] = all({ row: 40, limits: "published", isHeavy: true }, [
  loads("a file of half the limit", padded(8 * mib)),
  loads("a file as large as the limit", padded(16 * mib)),
  breaks("a file just above the limit", padded(Math.round(16.16 * mib)), ["limit", /bytes; at most 16777216/]),
  breaks("a file of ten times the limit", padded(160 * mib), ["limit", /bytes; at most 16777216/]),
  loads("tasks of half the limit", tasks(12_500)),
  loads("as many tasks as the limit", tasks(25_000)),
  breaks("just more tasks than the limit", tasks(25_250), ["spec", /25250; at most 25000/, /^bad\.ts/]),
  breaks("ten times as many tasks as the limit", tasks(250_000), ["spec", /250000; at most 25000/, /^bad\.ts/]),
  loads("a chain of half the limit", chain(5_000)),
  loads("a chain as long as the limit", chain(10_000)),
  breaks("a chain just longer than the limit", chain(10_100), ["spec", /at most 10000/, /^bad\.ts/]),
  loads("as many Dags as the limit", many(1_000), { expected: { loads: ids(1_000) } }),
  loads("half as many Dags as the limit", many(500), { expected: { loads: ids(500) } }),
  breaks("just more Dags than the limit", many(1_010), ["limit", /1010 Dags; at most 1000/]),
  breaks("ten times as many Dags as the limit", many(10_000), ["limit", /10000 Dags; at most 1000/]),
  loads("a Spec of half the limit", constant(8 * mib)),
  loads("a Spec nearly as large as the limit", constant(15.9 * mib)),
  breaks("a Spec just above the limit", constant(Math.round(16.16 * mib)), ["limit", /bytes; at most 16777216/]),
  breaks("a Spec of ten times the limit", constant(160 * mib), ["limit", /bytes; at most 16777216/]),
  loads("data as deep as values may be", nestedData(1_900)),
  breaks("data just deeper than values may be", nestedData(2_020), [
    "spec",
    /nested deeper than 2000 levels/,
    /^bad\.ts/,
  ]),
  breaks("data a hundred thousand deep", nestedData(100_000), ["spec", /nested deeper than 2000 levels/, /^bad\.ts/]),
  loads("code nested a thousand deep", `${nestedCode(1_000)}`, { expected: { loads: [] } }),
  breaks("code nested a hundred thousand deep", nestedCode(100_000), ["limit", /nested too deeply/]),
  breaks("code nested a million deep", nestedCode(1_000_000), ["limit", /nested too deeply/]),
  loads("one line of ten megabytes", `${imports}export const big = "${"z".repeat(10_000_000)}";\n${one}`),
  loads(
    "two hundred thousand lines",
    `${imports}${"export const nothing = () => {};\n".replace("nothing", "n0")}${"// words and words\n".repeat(200_000)}${one}`,
  ),
]);

/** The same, small, under short limits: for every run. Row 40. */
export const shortSizes: readonly DagFileCase[] = all({ row: 40 }, [
  loads("a file below a short limit", padded(999_000)),
  breaks("a file above a short limit", padded(1_010_000), ["limit", /bytes; at most 1000000/]),
  breaks("more Dags than a short limit", many(21), ["limit", /21 Dags; at most 20/]),
  loads("as many Dags as a short limit", many(20), { expected: { loads: ids(20) } }),
  breaks("a Spec above a short limit", constant(210_000), ["limit", /bytes; at most 200000/]),
  {
    ...breaks("an import above a short limit", "", ["limit", /bytes/]),
    files: { "bad.ts": `import x from "./x.json";\nexport default x;`, "x.json": `"${"x".repeat(1_100_000)}"` },
    expected: { kind: "limit", message: /x\.json.*bytes; at most 1000000/, at: /^bad\.ts:1:15$/ },
  },
  {
    ...breaks("a part above a short limit", "", ["limit", /part/]),
    files: {
      "bad.ts": `import { a } from "./a"; import { b } from "./b"; import { c } from "./c";\nexport default [a, b, c];`,
      ...Object.fromEntries(
        ["a", "b", "c"].map((name) => [`${name}.ts`, `export const ${name} = "${name.repeat(900_000)}";`]),
      ),
    },
    expected: { kind: "limit", message: /bundled part main\.mjs has \d+ bytes; at most 2000000/, at: "bad.ts" },
  },
]);
