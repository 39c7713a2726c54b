import { buildSync } from "esbuild";
import { expect, test } from "vitest";
import { mapStack } from "./positions.ts";

const source = [
  "interface Row { id: number }",
  "",
  "export function inner(): never {",
  '  throw new Error("no");',
  "}",
].join("\n");
const built = buildSync({
  stdin: { contents: source, sourcefile: "dags/orders.ts", loader: "ts" },
  sourcemap: "external",
  outfile: "main.mjs",
  write: false,
});
const map = built.outputFiles.find(({ path }) => path.endsWith(".map"))?.text ?? "";
const code = built.outputFiles.find(({ path }) => path.endsWith(".mjs"))?.text ?? "";
const line = code.split("\n").findIndex((text) => text.includes("throw")) + 1;

test("frames of the bundle become the author's, and others are left out", () => {
  const stack = [
    "Error: no",
    "second line",
    `    at inner (file:///load/1/main.mjs:${line}:9)`,
    "    at evaluate (file:///app/parse-child.mjs:1:2)",
    "    at async ModuleJob.run (node:internal/modules/esm/module_job:325:25)",
  ].join("\n");
  expect(mapStack(stack, "/load/1/main.mjs", map)).toEqual({
    location: "dags/orders.ts:4:9",
    stack: "Error: no\nsecond line\n    at inner (dags/orders.ts:4:9)",
  });
});

test.each([[null], ["Error: no"], ["Error: no\n    at f (file:///app/parse-child.mjs:1:2)"]])(
  "%j leads nowhere",
  (stack) => {
    expect(mapStack(stack, "/load/1/main.mjs", map).location).toBeNull();
  },
);
