import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { failpoints } from "@airloom/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtAirloom } from "../support/built-airloom.ts";
import { runAirloom } from "../support/running-airloom.ts";
import { type TemporaryProject, temporaryProject } from "../support/temporary-project.ts";

let project: TemporaryProject;
beforeAll(async () => {
  project = await temporaryProject();
});
afterAll(() => project.remove());

/** All code of a build; source maps name sources only. */
const codeOf = (folder: string): string =>
  readdirSync(folder)
    .filter((name) => /\.[mc]js$/.test(name))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");

/** What a build would hold of a point: without what the code fills in, and without the side of a commit. */
const traces = [
  ...new Set(Object.keys(failpoints).map((name) => name.replace(/<.*$/, "").replace(/\.(before|after)_commit$/, ""))),
];

test("a release build holds no failpoint: no name, no call, nothing that would act", async () => {
  const release = codeOf(await builtAirloom());
  expect(traces.filter((trace) => release.includes(`"${trace}`) || release.includes(`\`${trace}`))).toEqual([]);
  for (const word of [
    "globalThis.FAILPOINTS",
    "failpoint(",
    "commitPoint(",
    "installFailpoints",
    "armFailpoints",
    "hangUp(",
  ])
    expect(release).not.toContain(word);
});

test("a build with failpoints holds all of them, so that the search above can find them", async () => {
  const code = codeOf(await builtAirloom({ failpoints: true }));
  expect(traces.filter((trace) => !code.includes(`"${trace}`) && !code.includes(`\`${trace}`))).toEqual([]);
  for (const word of ["failpoint(", "commitPoint(", "installFailpoints", "armFailpoints", "hangUp("])
    expect(code).toContain(word);
});

test("AIRLOOM_FAILPOINTS means nothing to a release build, and what cannot be read ends one with failpoints at its start", async () => {
  const environment = { AIRLOOM_FAILPOINTS: "worker.nowhere=crash" };
  const release = await runAirloom(project, ["version"], { environment });
  expect(release).toMatchObject({ code: 0, signal: null });
  const program = join(await builtAirloom({ failpoints: true }), "cli.mjs");
  const refused = await runAirloom(project, ["version"], { environment, program });
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.output).toContain(
    'AIRLOOM_FAILPOINTS: there is no failpoint "worker.nowhere" in "worker.nowhere=crash".',
  );
});
