import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseOnce } from "@airloom/dag-processor";
import { builtFile } from "@airloom/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostileFiles } from "./hostile-files.ts";
import { writeTree } from "./write-tree.ts";

const home = realpathSync(mkdtempSync(join(tmpdir(), "airloom-corpus-")));
let childPath = "";

beforeAll(async () => {
  childPath = await builtFile("parse-child");
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe.each(hostileFiles)("$name", ({ name, files, expected, settings }) => {
  test("is reported to its author, and the supervisor lives on", async () => {
    const projectDir = join(home, name.replace(/\W+/g, "-"));
    writeTree(projectDir, { "package.json": `{"type":"module"}`, ...files });
    const { report } = await parseOnce({
      projectDir,
      dagsFolder: "dags",
      cacheDir: join(projectDir, ".airloom/cache"),
      childPath,
      file: "bad.ts",
      settings: { fileTimeoutMs: 5_000, ...settings },
    });
    if ("dags" in expected) {
      expect(report).toMatchObject({ kind: "parsed", dags: expected.dags.map((dagId) => ({ dagId })) });
      if (expected.warning) expect(report.kind === "parsed" && report.warnings.join("\n")).toMatch(expected.warning);
      return;
    }
    expect(report.kind === "broken" ? report.error : report).toMatchObject({
      kind: expected.kind,
      message: expect.stringMatching(expected.message) as string,
      ...(expected.location === undefined ? {} : { location: expected.location }),
    });
  });
});
