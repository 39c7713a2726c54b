import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ParsedOnce, type ProcessorSettings, parseOnce } from "@airloom/dag-processor";
import { builtFile } from "@airloom/testkit";
import { afterEach, beforeAll, expect, test } from "vitest";
import { writeTree } from "./write-tree.ts";

const repository = join(import.meta.dirname, "../../..");
let childPath = "";
let projectDir = "";

beforeAll(async () => {
  childPath = await builtFile("parse-child");
});
afterEach(() => rmSync(projectDir, { recursive: true, force: true }));

function project(files: Readonly<Record<string, string>>): void {
  projectDir = realpathSync(mkdtempSync(join(tmpdir(), "airloom-bundle-")));
  writeTree(projectDir, { "package.json": `{"type":"module"}`, ...files });
}

async function parse(settings: Partial<ProcessorSettings> = {}) {
  const cacheDir = join(projectDir, ".airloom/cache");
  const parsed = await parseOnce({ projectDir, dagsFolder: "dags", cacheDir, childPath, file: "main.ts", settings });
  return { ...parsed, ...good(parsed) };
}

function good({ report, folder }: ParsedOnce) {
  if (report.kind !== "parsed" || folder === null) throw new Error(JSON.stringify(report, null, 2));
  const { artifact, dags, warnings } = report;
  const pathsOf = (kind: string) => artifact.parts.filter((part) => part.kind === kind).map(({ path }) => path);
  return { artifact, dags, warnings, pathsOf, at: (path: string) => readFileSync(join(folder, path), "utf8") };
}

/** A Dag whose one task is named by an expression. */
const dagNamed = (expression: string, imports: string): string =>
  `import { dag, task } from "airloom";\n${imports}\nexport default dag("d", {}, () => { task(${expression}, () => 1)(); });\n`;

const taskIds = ({ dags }: Awaited<ReturnType<typeof parse>>) =>
  dags.flatMap(({ spec }) => spec.tasks.map(({ id }) => id));

const shared = {
  "node_modules/counter/package.json": `{"name":"counter","version":"1.0.0","type":"module","exports":"./index.js"}`,
  "node_modules/counter/index.js": `export class Counter { }; export const make = () => new Counter(); export default "default-counter";`,
  "node_modules/wraps/package.json": `{"name":"wraps","version":"2.1.0","type":"module","main":"./index.js"}`,
  "node_modules/wraps/index.js": `import { Counter } from "counter"; export const isCounter = (x) => x instanceof Counter;`,
};

test("packages are bundled once, so that one is the same from both sides", async () => {
  project({
    ...shared,
    "dags/main.ts": dagNamed(
      `String(isCounter(make())) + "_" + name`,
      `import name, { make } from "counter"; import { isCounter } from "wraps";`,
    ),
  });
  const parsed = await parse();
  expect(taskIds(parsed)).toEqual(["true_default-counter"]);
  expect(parsed.pathsOf("vendor")).toHaveLength(1);
  expect(parsed.artifact.externals).toEqual([]);
});

test("CommonJS packages give names, defaults and `require`", async () => {
  project({
    "node_modules/old/package.json": `{"name":"old","version":"1.0.0"}`,
    "node_modules/old/index.js": `const { join } = require("path"); module.exports = function old() {}; module.exports.name2 = join("a", "b").replace("/", "_");`,
    "dags/main.ts": dagNamed(
      `[typeof old, name2, ns.name2, typeof required].join("-")`,
      `import old, { name2 } from "old"; import * as ns from "old"; const required = require("old");`,
    ),
  });
  expect(taskIds(await parse())).toEqual(["function-a_b-a_b-function"]);
});

test("zod and airloom are the child's own, also for packages", async () => {
  project({
    "node_modules/ops/package.json": `{"name":"ops","version":"1.0.0","type":"module","main":"./index.js"}`,
    "node_modules/ops/index.js": `import { task } from "airloom"; import { z } from "zod"; export const made = task("from_package", () => 1); export const schema = z.string();`,
    "dags/main.ts": `import { dag } from "airloom"; import d, { z } from "zod"; import * as ns from "zod"; import { z as v4 } from "zod/v4";
import { made, schema } from "ops";
if (d !== z || ns.z !== z || v4 !== z || !(schema instanceof z.ZodString)) throw new Error("another zod");
export default dag("d", {}, () => { made(); });\n`,
  });
  const parsed = await parse();
  expect(taskIds(parsed)).toEqual(["from_package"]);
  expect(parsed.at(parsed.pathsOf("vendor")[0] ?? "")).not.toContain("ZodString");
});

test.each([
  ["that has machine code", { "binding.gyp": "{}", "index.js": "module.exports = 1;" }],
  ["that depends on machine code", { "index.js": "module.exports = 1;", dep: "native" }],
  ["that asks where it lies", { "index.js": "module.exports = require('path').basename(__dirname);" }],
])("a package %s stays outside, with its version", async (_, files) => {
  const { dep, ...own } = files as Readonly<Record<string, string>>;
  project({
    "node_modules/odd/package.json": JSON.stringify({
      name: "odd",
      version: "3.2.1",
      ...(dep && { dependencies: { [dep]: "1" } }),
    }),
    "node_modules/native/package.json": `{"name":"native","version":"1.0.0","gypfile":true}`,
    ...Object.fromEntries(Object.entries(own).map(([path, text]) => [`node_modules/odd/${path}`, text])),
    ...shared,
    "dags/main.ts": dagNamed(`"t" + odd`, `import odd from "odd"; import { make } from "counter"; make();`),
  });
  const parsed = await parse();
  expect(parsed.artifact.externals).toEqual([{ name: "odd", version: "3.2.1" }]);
  expect(parsed.at("main.mjs")).toMatch(/from "odd"/);
  expect(parsed.pathsOf("vendor")).toHaveLength(1);
});

test("packages that the user lists stay outside", async () => {
  project({ ...shared, "dags/main.ts": dagNamed(`name`, `import name from "counter";`) });
  expect((await parse({ externals: ["counter"] })).artifact.externals).toEqual([{ name: "counter", version: "1.0.0" }]);
});

test("sharp stays outside and loads from the project", async () => {
  project({ "dags/main.ts": dagNamed(`typeof sharp`, `import sharp from "sharp";`) });
  symlinkSync(join(repository, "node_modules"), join(projectDir, "node_modules"));
  const parsed = await parse();
  expect(taskIds(parsed)).toEqual(["function"]);
  expect(parsed.artifact.externals.map(({ name }) => name)).toEqual(["sharp"]);
});

test("packages outside are found from a cache outside the project, in whatever folder above they lie", async () => {
  project({
    "node_modules/odd/package.json": `{"name":"odd","version":"1.0.0","gypfile":true}`,
    "node_modules/odd/index.js": "module.exports = 'odd';",
    "node_modules/data/package.json": `{"name":"data","version":"1.0.0"}`,
    "node_modules/data/index.js": "module.exports = 'data';",
    "app/node_modules/.cache/x": "",
    "app/package.json": `{"type":"module"}`,
    "app/dags/main.ts": dagNamed(
      `odd + "_" + createRequire(import.meta.url)("data")`,
      `import odd from "odd"; import { createRequire } from "node:module";`,
    ),
  });
  const cacheDir = mkdtempSync(join(tmpdir(), "airloom-cache-"));
  const app = join(projectDir, "app");
  const parsed = await parseOnce({ projectDir: app, dagsFolder: "dags", cacheDir, childPath, file: "main.ts" });
  rmSync(cacheDir, { recursive: true });
  expect(parsed.report.kind === "parsed" && parsed.report.dags[0]?.spec.tasks[0]?.id).toBe("odd_data");
});

test("files that are named by URL travel along", async () => {
  project({
    "dags/main.ts": dagNamed(
      `readFileSync(new URL("./query.sql", import.meta.url), "utf8").trim() + readFileSync(new URL("a.py", folder), "utf8")`,
      `import { readFileSync } from "node:fs"; import { folder } from "../lib/helper";`,
    ),
    "dags/query.sql": "select_1\n",
    "lib/helper.ts": `export const folder = new URL("./scripts/", import.meta.url);`,
    "lib/scripts/a.py": "_a",
    "lib/scripts/deep/b.py": "_b",
    "lib/scripts/.secret": "no",
  });
  const parsed = await parse();
  expect(taskIds(parsed)).toEqual(["select_1_a"]);
  expect(parsed.pathsOf("file")).toEqual([
    "files/dags/query.sql",
    "files/lib/scripts/a.py",
    "files/lib/scripts/deep/b.py",
  ]);
});

test("a URL out of the project does not write out of the artifact", async () => {
  project({
    "dags/main.ts": dagNamed(
      `"t"`,
      `export const u = new URL("../../../../../../../../etc/hostname", import.meta.url);`,
    ),
  });
  if (!existsSync("/etc/hostname")) return;
  expect((await parse()).pathsOf("file")).toEqual([expect.stringMatching(/^files\/outside\/[0-9a-f]{12}\/hostname$/)]);
});

test("paths of the project's tsconfig and text imports hold", async () => {
  project({
    "tsconfig.json": `{"compilerOptions":{"paths":{"#lib/*":["./lib/*"]}}}`,
    "lib/names.ts": `export enum Names { First = "first" }`,
    "dags/rows.csv": "a,b",
    "dags/main.ts": dagNamed(
      `Names.First + rows.length`,
      `import { Names } from "#lib/names"; import rows from "./rows.csv";`,
    ),
  });
  expect(taskIds(await parse())).toEqual(["first3"]);
});

test("a source map leads to the author's files", async () => {
  project({
    "dags/main.ts": dagNamed(`"t"`, `import { x } from "../lib/x"; x;`),
    "lib/x.ts": "export const x = Date.now();",
  });
  const parsed = await parse();
  const { sources } = JSON.parse(parsed.at("main.mjs.map")) as { sources: string[] };
  expect(sources).toEqual(expect.arrayContaining(["dags/main.ts", "lib/x.ts"]));
});

test("hashes follow what goes in: sources, rows, packages, files", async () => {
  project({
    ...shared,
    "dags/main.ts": dagNamed(
      `"t" + rows.length + make.length`,
      `import rows from "./rows.json"; import settings from "./settings.json"; import { make } from "counter"; export const u = [settings, new URL("./q.sql", import.meta.url)];`,
    ),
    "dags/rows.json": "[1]",
    "dags/settings.json": `{"a":1}`,
    "dags/q.sql": "1",
  });
  const first = (await parse()).artifact;
  expect((await parse()).artifact).toEqual(first);
  const changed = async (path: string, text: string) => {
    const before = readFileSync(join(projectDir, path));
    writeFileSync(join(projectDir, path), text);
    const { artifact } = await parse();
    writeFileSync(join(projectDir, path), before);
    return { id: artifact.id !== first.id, code: artifact.codeHash !== first.codeHash };
  };
  expect(await changed("dags/rows.json", "[2]")).toEqual({ id: true, code: false });
  expect(await changed("dags/settings.json", `{"a":2}`)).toEqual({ id: true, code: true });
  expect(await changed("dags/q.sql", "2")).toEqual({ id: true, code: true });
  expect(await changed("node_modules/counter/index.js", "export const make = () => 2;")).toEqual({
    id: true,
    code: true,
  });
  expect(await changed("tsconfig.json".replace("tsconfig", "package"), `{"type":"module","x":1}`)).toEqual({
    id: false,
    code: false,
  });
});

test("the same sources give the same artifact wherever they lie", async () => {
  const files = { ...shared, "dags/main.ts": dagNamed(`"t" + make.length`, `import { make } from "counter";`) };
  project(files);
  const here = (await parse()).artifact;
  rmSync(projectDir, { recursive: true });
  project(files);
  expect((await parse()).artifact).toEqual(here);
});
