import { all, breaks, type DagFileCase, imports, loads, one } from "../case.ts";

const long = "x".repeat(300);

/** What a file names and is not there, or is not what it should be. Row 36. */
export const importing: readonly DagFileCase[] = all({ row: 36 }, [
  breaks("a missing import", `import { x } from "./nowhere";\nexport default x;`, ["resolve", /nowhere/, ":1:19"]),
  breaks("a missing folder", `import { x } from "../../../../nowhere/at/all";\nexport default x;`, [
    "resolve",
    /nowhere/,
    ":1:19",
  ]),
  breaks("a missing package", `import x from "left-pad-of-nobody";\nexport default x;`, [
    "resolve",
    /left-pad-of-nobody/,
    ":1:15",
  ]),
  breaks("a missing package with a scope", `import "@nobody/at-all";`, ["resolve", /@nobody\/at-all/, ":1:8"]),
  breaks("a missing part of a package", `import "zod/no/such/part";`, ["resolve", /zod\/no\/such\/part/, ":1:8"]),
  breaks("a missing part of airloom", `import { x } from "airloom/nowhere";\nexport default x;`, [
    "resolve",
    /airloom\/nowhere/,
    ":1:19",
  ]),
  breaks("a builtin that is none", `import x from "node:nowhere";\nexport default x;`, [
    "resolve",
    /node:nowhere/,
    /^bad\.ts(:1:\d+)?$/,
  ]),
  breaks("an import of a name without end", `import "./${long}";`, ["resolve", /xxx/, ":1:8"]),
  breaks("an import of nothing", `import "";`, ["resolve", /Could not resolve|resolve/, ":1:8"]),
  breaks("an import of an address", `import x from "https://example.com/x.js";\nexport default x;`, [
    "resolve",
    /https/,
    /^bad\.ts(:1:\d+)?$/,
  ]),
  breaks("an import of data", `import "data:text/javascript,throw new Error('from data')";`, [
    "throw",
    /from data/,
    /./,
  ]),
  breaks("an import with a NUL", `import "./a\\0b";`, ["resolve", /resolve/, ":1:8"]),
  breaks("an import of a folder", `import "./inside";`, ["resolve", /inside/, ":1:8"]),
  breaks("a missing name in an own file", `import { nope } from "./bad";\nnope();`, ["syntax", /nope/, ":1:10"]),
  breaks("a missing name of airloom", `import { dagg } from "airloom";\nexport default dagg("x", {}, () => {});`, [
    "throw",
    /dagg/,
    /^bad\.ts:2:/,
  ]),
  breaks(
    "a default that airloom has not",
    `import airloom from "airloom";\nexport default airloom.dag("x", {}, () => {});`,
    ["throw", /dag/, /^bad\.ts:2:/],
  ),
  {
    ...breaks("a mistake in an imported file", `import "./lib";`, ["syntax", /Expected identifier/, "lib.ts:2:7"]),
    files: { "bad.ts": `import "./lib";`, "lib.ts": "\nconst = 1;" },
    expected: { kind: "syntax", message: /Expected identifier/, at: "lib.ts:2:7" },
  },
  {
    ...breaks("a throw in an imported file", "", ["throw", /from the library/]),
    files: { "bad.ts": `import "./lib";`, "lib.ts": `\n\nthrow new Error("from the library");` },
    expected: { kind: "throw", message: /from the library/, at: "lib.ts:3:7" },
  },
  {
    ...breaks("JSON that is none", "", ["syntax", /JSON/]),
    files: { "bad.ts": `import x from "./x.json";\nexport default x;`, "x.json": `{"a": }` },
    expected: { kind: "syntax", message: /Unexpected/, at: "x.json:1:7" },
  },
  {
    ...breaks("a file of no known kind", "", ["syntax", /loader/]),
    files: { "bad.ts": `import x from "./x.png";\nexport default x;`, "x.png": "PNG" },
    expected: { kind: "syntax", message: /loader/, at: "bad.ts:1:15" },
  },
  {
    ...breaks("a package whose entry is missing", "", ["resolve", /hollow/]),
    files: { "bad.ts": `import "hollow";`, "node_modules/hollow/package.json": `{"name":"hollow","main":"gone.js"}` },
    expected: { kind: "resolve", message: /hollow/, at: "bad.ts:1:8" },
  },
  {
    ...breaks("a package whose description is broken", "", ["resolve", /torn/]),
    files: {
      "bad.ts": `import "torn";`,
      "node_modules/torn/package.json": `{"name":`,
      "node_modules/torn/main.js": "",
    },
    expected: { kind: "resolve", message: /torn/, at: "bad.ts:1:8" },
  },
  {
    ...breaks("a package that throws", "", ["throw", /package/]),
    files: {
      "bad.ts": `import "thrower";\n`,
      "node_modules/thrower/package.json": `{"name":"thrower","version":"1.0.0","main":"i.js"}`,
      "node_modules/thrower/i.js": `throw new Error("inside a package");`,
    },
    expected: { kind: "throw", message: /inside a package/, at: /^bad\.ts/ },
  },
  {
    ...breaks("a package with a mistake", "", ["syntax", /x/]),
    files: {
      "bad.ts": `import "slip";\n`,
      "node_modules/slip/package.json": `{"name":"slip","version":"1.0.0","main":"i.js"}`,
      "node_modules/slip/i.js": "const = 1;",
    },
    expected: { kind: "resolve", message: /Expected identifier|slip/, at: /node_modules\/slip\/i\.js:1:7$|^bad\.ts/ },
  },
  breaks("a dynamic import that misses", `await import("./nowhere");`, ["resolve", /nowhere/, ":1:14"]),
  breaks("a computed import that misses", `const p = "./no" + "where.mjs"; await import(p);`, [
    "resolve",
    /nowhere/,
    /^bad\.ts/,
  ]),
  breaks(
    "a require that misses",
    `import { createRequire } from "node:module"; createRequire(import.meta.url)("nowhere-at-all");`,
    ["resolve", /nowhere-at-all/, /^bad\.ts/],
  ),
  breaks(
    "a read of a file that is not there",
    `import { readFileSync } from "node:fs"; readFileSync(new URL("./nowhere.csv", import.meta.url));`,
    ["throw", /ENOENT/, /^bad\.ts:1:/],
  ),
  loads("a cycle of imports", `import { b } from "./b";\n${imports}export const a = () => b;\n${one}`, {
    files: {
      "bad.ts": `import { b } from "./b";\n${imports}export const a = () => b;\n${one}`,
      "b.ts": `import { a } from "./bad";\nexport const b = () => a;`,
    },
  }),
  loads("a cycle of imports that is used too early, of which a bundle knows nothing", "", {
    files: {
      "bad.ts": `import { b } from "./b";\n${imports}export const a = 1;\nexport const c = b;\n${one}`,
      "b.ts": `import { a } from "./bad";\nexport const b = a + 1;`,
    },
  }),
  loads(
    "a file that imports itself",
    `import * as self from "./bad";\n${imports}export const me = () => self;\n${one}`,
  ),
  loads("a chain of 300 imports", `import { v } from "./m0";\n${imports}export const w = v;\n${one}`, {
    files: {
      ...Object.fromEntries(
        Array.from({ length: 300 }, (_, i) => [
          `m${i}.ts`,
          i < 299 ? `export { v } from "./m${i + 1}";` : "export const v = 1;",
        ]),
      ),
      "bad.ts": `import { v } from "./m0";\n${imports}export const w = v;\n${one}`,
      ".airloomignore": "",
    },
  }),
]);
