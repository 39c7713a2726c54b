import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runningProcessor } from "./running-processor.ts";

const dagFile = (id: string, body = `task("t", () => 1)();`): string =>
  `import { dag, task } from "airloom";\nexport default dag("${id}", {}, () => { ${body} });\n`;

test("files of the Dags folder are published, and only those", async () => {
  await using at = await runningProcessor({
    "dags/orders.ts": dagFile("orders"),
    "dags/deep/stock.mts": dagFile("stock"),
    "dags/types.d.ts": "export type X = 1;",
    "dags/orders.test.ts": "throw new Error('a test is no Dag');",
    "dags/.hidden/x.ts": dagFile("hidden"),
    "dags/node_modules/p/x.ts": dagFile("package"),
    "dags/old/x.ts": dagFile("old"),
    "dags/.airloomignore": "# not these\nold/\n",
  });
  await at.events.next("idle");
  const { files } = await at.execution.openParseSession({ id: "x", hostname: "x", pid: 1 });
  expect(files.map(({ file, broken }) => [file, broken])).toEqual([
    ["deep/stock.mts", false],
    ["orders.ts", false],
  ]);
  expect(await at.dag("orders")).toMatchObject({ file: "orders.ts", isStale: false, versionNumber: 1 });
});

test("an edit of a file or of what it imports is a new version", async () => {
  await using at = await runningProcessor({
    "dags/orders.ts": `import { name } from "../lib/name";\n${dagFile("orders", "task(name, () => 1)();")}`,
    "lib/name.ts": `export const name = "first";`,
  });
  await at.events.next("idle");
  at.write({ "lib/name.ts": `export const name = "second";` });
  await at.events.next("parsed");
  expect((await at.version("orders"))?.spec.tasks.map(({ id }) => id)).toEqual(["second"]);
  at.write({ "dags/orders.ts": dagFile("orders", `task("third", () => 1)();`) });
  await at.events.next("parsed");
  expect((await at.version("orders"))?.spec.tasks.map(({ id }) => id)).toEqual(["third"]);
});

test("a broken edit keeps the last good version, and a repair heals it", async () => {
  await using at = await runningProcessor({ "dags/orders.ts": dagFile("orders") });
  await at.events.next("idle");
  at.write({ "dags/orders.ts": dagFile("orders", "throw new Error('half done');") });
  expect((await at.events.next("broken")).error).toMatchObject({ kind: "throw", location: "dags/orders.ts:2:48" });
  expect(await at.dag("orders")).toMatchObject({ isStale: false });
  at.write({ "dags/orders.ts": dagFile("orders", `task("u", () => 1)();`) });
  expect((await at.events.next("parsed")).published).toEqual(["orders"]);
});

test("a file that misses an import heals when the import appears", async () => {
  await using at = await runningProcessor({
    "dags/orders.ts": `import { name } from "./name";\n${dagFile("orders", "task(name, () => 1)();")}`,
  });
  expect((await at.events.next("broken")).error.kind).toBe("resolve");
  at.write({ "dags/name.ts": `export const name = "there";` });
  await at.events.next("parsed", ({ file }) => file === "orders.ts");
  expect((await at.version("orders"))?.spec.tasks.map(({ id }) => id)).toEqual(["there"]);
});

test("a file that is still being written is left alone", async () => {
  await using at = await runningProcessor({ "dags/a.ts": dagFile("a") }, { settleMs: 400 });
  await at.events.next("idle");
  const path = join(at.projectDir, "dags/slow.ts");
  writeFileSync(path, "");
  for (const piece of dagFile("slow").match(/.{1,12}/gs) ?? []) {
    appendFileSync(path, piece);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  await at.events.next("idle");
  expect(await at.dag("slow")).not.toBeNull();
  expect(await at.file("slow.ts")).toMatchObject({ artifactId: expect.any(String) as string });
  expect(at.events.take().some(({ kind }) => kind === "broken")).toBe(false);
});

test("deleted files go, and come back with their Dags", async () => {
  await using at = await runningProcessor({ "dags/orders.ts": dagFile("orders"), "dags/stock.ts": dagFile("stock") });
  await at.events.next("idle");
  rmSync(join(at.projectDir, "dags/orders.ts"));
  expect((await at.events.next("gone")).files).toEqual(["orders.ts"]);
  expect(await at.dag("orders")).toMatchObject({ isStale: true });
  expect(await at.dag("stock")).toMatchObject({ isStale: false });
  at.write({ "dags/orders.ts": dagFile("orders") });
  await at.events.next("parsed");
  expect(await at.dag("orders")).toMatchObject({ isStale: false, versionNumber: 1 });
});

test("a file that is missed once only keeps its Dags", async () => {
  await using at = await runningProcessor({ "dags/orders.ts": dagFile("orders") }, { goneMs: 60_000 });
  await at.events.next("idle");
  const path = join(at.projectDir, "dags/orders.ts");
  renameSync(path, join(at.projectDir, "elsewhere.ts"));
  await expect.poll(async () => (await at.file("orders.ts"))?.missing).toBe(1);
  renameSync(join(at.projectDir, "elsewhere.ts"), path);
  await at.events.next("parsed");
  expect(await at.file("orders.ts")).toMatchObject({ missing: 0 });
  expect(await at.dag("orders")).toMatchObject({ isStale: false });
});

test("a folder that cannot be listed says nothing of its files", async () => {
  await using at = await runningProcessor({ "dags/orders.ts": dagFile("orders") });
  await at.events.next("idle");
  renameSync(join(at.projectDir, "dags"), join(at.projectDir, "unmounted"));
  await at.events.next("trouble");
  renameSync(join(at.projectDir, "unmounted"), join(at.projectDir, "dags"));
  at.write({ "dags/more.ts": dagFile("more") });
  await at.events.next("parsed", ({ file }) => file === "more.ts");
  expect(await at.file("orders.ts")).toMatchObject({ missing: 0 });
});

test("a Dag that its file no longer exports goes", async () => {
  const two = `${dagFile("one")}export const second = dag("two", {}, () => {});\n`;
  await using at = await runningProcessor({ "dags/both.ts": two });
  await at.events.next("idle");
  expect(await at.dag("two")).toMatchObject({ isStale: false });
  at.write({ "dags/both.ts": dagFile("one") });
  await at.events.next("parsed");
  expect(await at.dag("two")).toMatchObject({ isStale: true });
  at.write({ "dags/both.ts": "export const nothing = 1;" });
  await at.events.next("parsed");
  expect(await at.dag("one")).toMatchObject({ isStale: true });
});

test("an id that two files have goes to the second when the first is gone", async () => {
  await using at = await runningProcessor({ "dags/a.ts": dagFile("same") });
  await at.events.next("idle");
  at.write({ "dags/b.ts": dagFile("same") });
  await at.events.next("parsed", ({ file }) => file === "b.ts");
  expect(await at.dag("same")).toMatchObject({ file: "a.ts" });
  rmSync(join(at.projectDir, "dags/a.ts"));
  await at.events.next("parsed", ({ file, published }) => file === "b.ts" && published.includes("same"));
  expect(await at.dag("same")).toMatchObject({ file: "b.ts", isStale: false });
});

test("a start skips what is published, and finds what changed meanwhile", async () => {
  await using at = await runningProcessor({ "dags/a.ts": dagFile("a"), "dags/b.ts": dagFile("b") });
  await at.events.next("idle");
  at.events.take();
  await at.restart();
  await at.events.next("idle");
  expect(at.events.take().filter(({ kind }) => kind === "parsed")).toEqual([]);
  at.write({ "dags/b.ts": dagFile("b2") });
  await at.events.next("parsed", ({ file }) => file === "b.ts");
});

test("a requested parse is done although nothing changed", async () => {
  await using at = await runningProcessor({ "dags/a.ts": dagFile("a") });
  await at.events.next("idle");
  await at.store.tx((tx) => tx.requestReparse("a.ts"));
  expect((await at.events.next("parsed")).published).toEqual([]);
  expect(await at.file("a.ts")).toMatchObject({ reparseRequested: false });
});

test("one row of an imported list makes one new version; the others keep their artifact", async () => {
  const rows = (changed: string): string =>
    JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ id: `tenant_${i}`, url: i === 7 ? changed : "same" })));
  const file = `import { dag, task } from "airloom";
import rows from "./tenants.json";
const load = task("load", (url: string) => url);
export default rows.map((row) => dag(row.id, { data: row }, ({ data }) => { load(data.url); }));
export const all = dag("all", {}, () => { task("count", () => rows.length)(); });\n`;
  await using at = await runningProcessor({ "dags/tenants.ts": file, "dags/tenants.json": rows("old") });
  expect((await at.events.next("parsed")).published).toHaveLength(201);
  const before = await at.version("tenant_8");
  at.write({ "dags/tenants.json": rows("new") });
  // `all` is not made from a row: whatever it reads from the list has to reach it.
  expect((await at.events.next("parsed")).published).toEqual(["all", "tenant_7"]);
  expect((await at.version("tenant_8"))?.artifactId).toBe(before?.artifactId);
  expect((await at.version("tenant_7"))?.artifactId).not.toBe(before?.artifactId);
  at.write({ "dags/tenants.json": JSON.stringify([{ id: "tenant_0", url: "same" }]) });
  await at.events.next("parsed");
  expect(await at.dag("tenant_0")).toMatchObject({ isStale: false });
  expect(await at.dag("tenant_1")).toMatchObject({ isStale: true });
});

test("what one file does to its process never reaches the next", async () => {
  const dirty = `(Object.prototype as never as { polluted: number }).polluted = 1; process.env.LEFT = "x";\n`;
  const probe = `if (({} as { polluted?: number }).polluted || process.env.LEFT) throw new Error("polluted");\n`;
  const files = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`dags/f${i}.ts`, (i % 2 ? probe : dirty) + dagFile(`d${i}`)]),
  );
  await using at = await runningProcessor(files, { parallel: 1 });
  await at.events.next("idle");
  const { files: published } = await at.execution.openParseSession({ id: "x", hostname: "x", pid: 1 });
  expect(published.filter(({ broken }) => broken)).toEqual([]);
});

test("files that never load do not hold up the others", async () => {
  await using at = await runningProcessor(
    { "dags/a1.ts": "while (true) {}", "dags/a2.ts": "await new Promise(() => {});", "dags/b.ts": dagFile("b") },
    { fileTimeoutMs: 6_000 },
  );
  await at.events.next("parsed", ({ file }) => file === "b.ts");
  expect((await at.events.next("broken")).error.kind).toBe("timeout");
});

test("a file that kills the bundler takes nobody along", async () => {
  const deep = `export default ${"[".repeat(1e6)}${"]".repeat(1e6)};`;
  const others = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`dags/f${i}.ts`, dagFile(`d${i}`)]));
  await using at = await runningProcessor({ "dags/a.ts": deep, "dags/f5b.ts": deep, ...others });
  await at.events.next("idle");
  const { files } = await at.execution.openParseSession({ id: "x", hostname: "x", pid: 1 });
  expect(files.filter(({ broken }) => broken).map(({ file }) => file)).toEqual(["a.ts", "f5b.ts"]);
});

test("links are followed, also when they lead in circles", async () => {
  await using at = await runningProcessor({ "dags/a.ts": dagFile("a"), "shared/linked.ts": dagFile("linked") });
  await at.events.next("idle");
  symlinkSync("../shared/linked.ts", join(at.projectDir, "dags/link.ts"));
  symlinkSync(".", join(at.projectDir, "dags/circle"));
  await at.events.next("parsed", ({ file }) => file === "link.ts");
  at.write({ "shared/linked.ts": dagFile("linked", `task("edited", () => 1)();`) });
  await at.events.next("parsed", ({ file }) => file === "link.ts");
  expect((await at.version("linked"))?.spec.tasks[0]?.id).toBe("edited");
  unlinkSync(join(at.projectDir, "dags/link.ts"));
  expect((await at.events.next("gone")).files).toEqual(["link.ts"]);
});

test("folders that come later are watched", async () => {
  await using at = await runningProcessor({ "dags/a.ts": dagFile("a") });
  await at.events.next("idle");
  mkdirSync(join(at.projectDir, "dags/new/deeper"), { recursive: true });
  at.write({ "dags/new/deeper/c.ts": dagFile("c") });
  await at.events.next("parsed", ({ file }) => file === "new/deeper/c.ts");
  at.write({ "dags/new/deeper/c.ts": dagFile("c", `task("again", () => 1)();`) });
  await at.events.next("parsed", ({ file }) => file === "new/deeper/c.ts");
});

test.skipIf(process.getuid?.() === 0)("a file that may not be read is an error of its own", async () => {
  await using at = await runningProcessor({ "dags/a.ts": dagFile("a") });
  await at.events.next("idle");
  chmodSync(join(at.projectDir, "dags/a.ts"), 0);
  expect((await at.events.next("broken")).error).toMatchObject({ kind: "read" });
});
