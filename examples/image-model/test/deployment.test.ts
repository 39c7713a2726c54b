import { describe, expect, it } from "vitest";
import { deploy, judge, pointerKey, readPointer, rollback } from "../src/deployment.ts";
import type { Evaluation } from "../src/evaluation.ts";
import type { Storage } from "../src/storage.ts";
import { startLocalStorage } from "./local-storage.ts";

const rules = { minAccuracy: 0.94, minMargin: 0.03, tolerance: 0.002 };
const evaluation = (accuracy: number, deployed: Evaluation["deployed"] = null): Evaluation => ({
  images: 2_000,
  accuracy,
  baseline: 0.9,
  perDigit: [],
  deployed,
});
const at = (change: string) => ({ change, now: new Date("2026-01-02T03:04:05Z") });

async function putModel(storage: Storage, version: string): Promise<void> {
  await storage.put(`models/${version}/model.json`, "{}", "application/json");
}

async function deployModel(storage: Storage, version: string, measured: Evaluation) {
  await putModel(storage, version);
  return deploy(storage, { version, evaluation: measured, rules }, at(`deploy ${version}`));
}

describe("judge", () => {
  it.each([
    ["a good first model", evaluation(0.96), undefined],
    ["one below the minimum", evaluation(0.93), "its accuracy of 93.00 % is below the minimum of 94.00 %"],
    [
      "one hardly above the baseline",
      { ...evaluation(0.95), baseline: 0.93 },
      "less than 3.00 % above the linear baseline",
    ],
    [
      "one worse than the deployed",
      evaluation(0.95, { version: "old", accuracy: 0.96 }),
      "worse than the deployed old",
    ],
    ["one worse by less than the tolerance", evaluation(0.959, { version: "old", accuracy: 0.96 }), undefined],
  ])("knows %s", (_, measured, reason) => {
    const verdict = judge(measured, rules);
    if (reason === undefined) expect(verdict).toEqual({ deploy: true });
    else expect(verdict).toEqual({ deploy: false, reason: expect.stringContaining(reason) });
  });
});

describe("the pointer", () => {
  it("is swapped by a deployment, and back by a rollback, and keeps the way", async () => {
    const { storage } = await startLocalStorage();
    expect(await deployModel(storage, "one", evaluation(0.95))).toEqual({ version: "one", previous: null });
    expect(await deployModel(storage, "two", evaluation(0.96))).toEqual({ version: "two", previous: "one" });
    expect(await rollback(storage, at("back"))).toEqual({ version: "one", previous: "two" });
    expect((await readPointer(storage))?.pointer).toMatchObject({ version: "one", accuracy: 0.95, history: [] });
    await expect(rollback(storage, at("back again"))).rejects.toThrow("one is the first model deployed");
  });

  it("is moved once, however often a change is repeated", async () => {
    const { storage } = await startLocalStorage();
    for (const version of ["one", "two", "three"]) await deployModel(storage, version, evaluation(0.96));
    await rollback(storage, at("back"));
    expect(await rollback(storage, at("back"))).toEqual({ version: "two", previous: "three" });
    await deployModel(storage, "four", evaluation(0.97));
    expect(await deployModel(storage, "four", evaluation(0.97))).toEqual({ version: "four", previous: "two" });
  });

  it("stays when the model is worse than one that was deployed after the evaluation", async () => {
    const { storage } = await startLocalStorage();
    await deployModel(storage, "best", evaluation(0.98));
    await expect(deployModel(storage, "late", evaluation(0.95, null))).rejects.toThrow("late is not deployed");
    expect((await readPointer(storage))?.pointer.version).toBe("best");
  });

  it("ends at one of two deployments made at once, with the other in its history or refused", async () => {
    const { storage } = await startLocalStorage();
    await deployModel(storage, "first", evaluation(0.95));
    const both = ["left", "right"].map((version) => deployModel(storage, version, evaluation(0.96)));
    await Promise.all(both);
    const { pointer } = (await readPointer(storage)) ?? expect.fail("no pointer");
    expect([pointer.version, ...pointer.history.map(({ version }) => version)].toSorted()).toEqual([
      "first",
      "left",
      "right",
    ]);
  });

  it("is not set to a model whose files are gone", async () => {
    const { storage } = await startLocalStorage();
    const model = { version: "ghost", evaluation: evaluation(0.96), rules };
    await expect(deploy(storage, model, at("x"))).rejects.toThrow("The files of the model ghost are gone");
    await expect(rollback(storage, at("y"))).rejects.toThrow("No model is deployed");
  });

  it("that is no pointer is told, not overwritten", async () => {
    const { storage } = await startLocalStorage();
    await storage.put(pointerKey, '{"version": 3}', "application/json");
    await expect(deployModel(storage, "one", evaluation(0.96))).rejects.toThrow("version");
    expect((await storage.get(pointerKey)).body.toString()).toBe('{"version": 3}');
  });
});
