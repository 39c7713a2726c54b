import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OwnAirloom, ownAirloom } from "./own-airloom.ts";

let airloom: OwnAirloom;

beforeAll(async () => {
  airloom = await ownAirloom("shop");
});
afterAll(() => airloom.close());

describe("dags test", () => {
  it("runs a Dag in real processes, without a database, and shows its logs", async () => {
    const { code, out, err } = await airloom.run(["dags", "test", "orders", "2026-01-02", "-c", '{"rows":2}']);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("extract | extracting 2\n");
    expect(out).toContain("total | summing [ 2, 4 ]\n");
    expect(out).toMatch(/✓ orders test success in [\d.]+ s\n$/);
    const home = join(airloom.project, "../home");
    expect(await readdir(home)).not.toContain("postgres");
    expect((await readdir(join(home, "cache"))).filter((name) => name.startsWith("trial-"))).toEqual([]);
  });

  it("gives programs the states, and exits with 1 when the run fails", async () => {
    const { code, out } = await airloom.run(["dags", "test", "faulty", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      dag_id: "faulty",
      state: "failed",
      task_instances: [{ task_id: "greet", map_index: -1, state: "failed", try_number: 1 }],
    });
  });

  it("refuses conf that the Dag's params do not allow", async () => {
    expect(await airloom.run(["dags", "test", "orders", "-c", '{"rows":90}'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('param "rows" must be <= 9'),
    });
  });

  it("names the place of an error in a file that does not load", async () => {
    expect(await airloom.run(["dags", "test", "never_loads"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("dags/broken.ts:4:9"),
    });
  });

  it("suggests the Dag that was probably meant", async () => {
    expect(await airloom.run(["dags", "test", "order_s", "-f", "dags/orders.ts"])).toMatchObject({
      code: 1,
      err: 'error: There is no Dag in dags/orders.ts "order_s".\n       Did you mean "orders"?\n',
    });
  });
});

describe("tasks test", () => {
  it("runs one task on given values and prints its result", async () => {
    expect(await airloom.run(["tasks", "test", "orders", "total", "-i", '{"double":[1,2,3]}'])).toMatchObject({
      code: 0,
      out: "6\n",
      err: expect.stringContaining("total | summing [ 1, 2, 3 ]"),
    });
  });

  it("runs one element of a mapped task", async () => {
    const ended = await airloom.run([
      "tasks",
      "test",
      "orders",
      "double",
      "--map-index",
      "1",
      "-i",
      '{"extract":[10,20]}',
    ]);
    expect(ended).toMatchObject({ code: 0, out: "40\n" });
  });

  it("shows the failure with its place, and exits with 1", async () => {
    expect(await airloom.run(["tasks", "test", "faulty", "greet"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("error: greet failed: dags/faulty.ts:5:32: Error: there is nobody to greet"),
    });
    expect((await airloom.run(["tasks", "test", "faulty", "greet", "-c", '{"name":"you"}'])).out).toBe('"hello you"\n');
  });
});

describe("An interrupted test", () => {
  it("ends what it started, and exits with 130", async () => {
    const endless = await ownAirloom("endless");
    for (const args of [
      ["dags", "test", "endless"],
      ["tasks", "test", "endless", "wait"],
    ]) {
      const running = await endless.start(args, "wait | waiting");
      expect(await running.stop()).toBe(130);
    }
    expect((await readdir(join(endless.project, "../home/cache"))).filter((name) => name.startsWith("trial-"))).toEqual(
      [],
    );
    await endless.close();
  });
});
