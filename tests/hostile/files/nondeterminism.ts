import { all, breaks, type DagFileCase, imports, loads, one } from "../case.ts";

const differs = (name: string, code: string): DagFileCase =>
  breaks(name, `${imports}${code}`, [
    "nondeterministic",
    /is different each time it is (evaluated|loaded)/,
    /^bad\.ts/,
  ]);
const body = (code: string): string => `export default dag("$ID", {}, () => { ${code} });`;
const top = (code: string): string => `${code} export default dag("$ID", {}, () => { task("t_" + v, () => 1)(); });`;

/** Dags that are not the same each time. Row 36. */
export const nondeterminism: readonly DagFileCase[] = all({ row: 36 }, [
  differs("a clock in the body", body(`task("t_" + Date.now(), () => 1)();`)),
  differs("a new Date in the body", body(`task("t_" + new Date().getTime(), () => 1)();`)),
  differs(
    "the day in the body",
    body(`task("t_" + new Date().toISOString().slice(0, 10).replaceAll("-", "_"), () => 1)();`),
  ),
  differs("chance in the body", body(`if (Math.random() < 0.5) task("t", () => 1)();`)),
  differs("chance that is even", body("for (let i = 0; i < Math.random() * 10; i++) task('t' + i, () => 1)();")),
  differs("a date in an argument", `const t = task("t", (d: Date) => d); ${body("t(new Date());")}`),
  differs("a counter that grows", `let n = 0; ${body(`task("t" + n++, () => 1)();`)}`),
  differs(
    "a list that grows",
    `const l: number[] = []; ${body(`l.push(1); for (const i of l.keys()) task("t" + i, () => 1)();`)}`,
  ),
  differs(
    "a random id in the body",
    `import { randomUUID } from "node:crypto"; ${body(`task("t_" + randomUUID(), () => 1)();`)}`,
  ),
  differs(
    "random bytes in the body",
    `import { randomBytes } from "node:crypto"; ${body(`task("t_" + randomBytes(4).toString("hex"), () => 1)();`)}`,
  ),
  differs("the high-resolution clock in the body", body(`task("t_" + process.hrtime.bigint(), () => 1)();`)),
  differs("performance.now in the body", body(`task("t_" + Math.round(performance.now() * 1000), () => 1)();`)),
  differs("a clock at the top", top("const v = Date.now();")),
  differs("a new Date at the top", top("const v = new Date().getTime();")),
  differs("the day at the top", top(`const v = new Date().toISOString().slice(0, 10).replaceAll("-", "_");`)),
  differs("chance at the top", top("const v = Math.floor(Math.random() * 1e6);")),
  differs("a coin at the top", top("const v = Math.random() < 0.5;")),
  differs("a random id at the top", top(`import { randomUUID } from "node:crypto"; const v = randomUUID();`)),
  differs("a Dag id of a clock", `export default dag("d_" + Date.now(), {}, () => {});`),
  differs(
    "a number of Dags by chance",
    "export default Array.from({ length: Math.random() < 0.5 ? 1 : 2 }, (_, i) => dag('d' + i + '_$ID', {}, () => {}));",
  ),
  loads(
    "a clock that does not reach the Dag",
    `${imports}const began = Date.now(); export const age = () => Date.now() - began;\n${one}`,
  ),
  loads("a clock in a task", `${imports}${body(`task("t", () => Date.now())();`)}`),
  loads("chance in a task", `${imports}${body(`task("t", () => Math.random())();`)}`),
]);
