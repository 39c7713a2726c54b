import { describe, expect, test } from "vitest";
import { createRandom } from "../fuzz/random.ts";
import type { CaseReport } from "./case.ts";
import { dagFiles } from "./files/corpus.ts";
import { runFiles } from "./files/run-files.ts";
import { tasks } from "./tasks/corpus.ts";
import { runTasks } from "./tasks/run-tasks.ts";

/** A few of each, others on each day: `npm run hostile` does all of them. */
const seed = Number(process.env.AIRLOOM_HOSTILE_SEED ?? Math.floor(Date.now() / 86_400_000));
const filesTried = 40;
const tasksTried = 40;

const failed = (cases: readonly CaseReport[]) =>
  cases.filter(({ status }) => status === "failed").map(({ name, why }) => ({ name, why }));

const limit = { timeout: 240_000 };

describe(`hostile corpora (AIRLOOM_HOSTILE_SEED=${seed})`, () => {
  test(
    "Dag files are told to their authors and harm neither their neighbours nor the dag-processor",
    limit,
    async () => {
      const light = dagFiles.filter(({ isHeavy, limits }) => !isHeavy && limits !== "published");
      const cases = createRandom(seed, "files").some(light, filesTried);
      const { cases: reports, troubles } = await runFiles({ cases, limits: "short", tell: () => undefined });
      expect({ failed: failed(reports), troubles }).toEqual({ failed: [], troubles: [] });
    },
  );

  test("tasks come to what they should and harm neither their neighbours nor the worker", limit, async () => {
    const cases = createRandom(seed, "tasks").some(
      tasks.filter(({ isHeavy, notRun }) => !isHeavy && notRun === undefined),
      tasksTried,
    );
    const { cases: reports, troubles } = await runTasks(cases, () => undefined);
    expect({ failed: failed(reports), troubles }).toEqual({ failed: [], troubles: [] });
  });
});

test("no two cases have one name, and there are as many as were promised", () => {
  for (const [corpus, least] of [
    [dagFiles, 200],
    [tasks, 60],
  ] as const) {
    const names = corpus.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(least);
  }
});
