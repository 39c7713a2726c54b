import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OwnAirloom, ownAirloom, type Running } from "./own-airloom.ts";

let airloom: OwnAirloom;
let standalone: Running;

beforeAll(async () => {
  // The embedded PostgreSQL, as on a laptop; any free port.
  airloom = await ownAirloom("shop", { AIRLOOM__API__PORT: "0", AIRLOOM_ADMIN_PASSWORD: "open sesame" });
  standalone = await airloom.start(["standalone"], "Airloom is ready at");
  await dagsKnown();
}, 120_000);
afterAll(async () => {
  const code = await standalone.stop();
  await airloom.close();
  expect(code).toBe(0);
}, 60_000);

/** Files are read one after another: the last one is in when all that it leads to is known. */
async function dagsKnown(): Promise<void> {
  for (;;) {
    const dags = await airloom.json<readonly { dag_id: string }[]>(["dags", "list"]);
    const errors = (await airloom.run(["dags", "list-import-errors"])).code;
    if (dags.length >= 2 && errors === 1) return;
  }
}

interface Run {
  readonly dag_run_id: string;
  readonly state: string;
}

describe("Against a running server", () => {
  it("lists Dags and draws one", async () => {
    expect((await airloom.run(["dags", "list", "-o", "plain"])).out.replace(/\d{4}-\S+Z/g, "WHEN")).toBe(
      "faulty\tno\t-\t-\t-\tfaulty.ts\norders\tno\t0 6 * * * (UTC)\tWHEN\tshop\torders.ts\n",
    );
    expect((await airloom.run(["dags", "show", "orders"])).out).toBe(
      "orders: 3 tasks\n\n 1  extract\n 2  double[] ← extract\n 3  total    ← double[]\n",
    );
    expect((await airloom.run(["dags", "list", "--paused"])).out).toMatch(/^There are no Dags/);
  });

  it("reports what each file takes to load, and what is in it", async () => {
    const { out } = await airloom.run(["dags", "report", "-o", "plain"]);
    expect(
      out
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split("\t").toSpliced(1, 1))
        .sort(),
    ).toEqual([
      ["faulty.ts", "1", "1", "faulty"],
      ["orders.ts", "1", "3", "orders"],
    ]);
    for (const { duration } of await airloom.json<readonly { duration: number }[]>(["dags", "report"]))
      expect(duration).toBeGreaterThan(0);
  });

  it("shows files that do not load, and exits with 1", async () => {
    const { code, out } = await airloom.run(["dags", "list-import-errors"]);
    expect(code).toBe(1);
    expect(out).toContain("broken.ts");
    expect(out).toContain("dags/broken.ts:4:9");
  });

  it("triggers a run, follows it to its end, and shows its logs and states", async () => {
    const ended = await airloom.run([
      "dags",
      "trigger",
      "orders",
      "-r",
      "first",
      "-c",
      '{"rows":2}',
      "--note",
      "by hand",
      "--wait",
    ]);
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(ended.out).toMatch(/^Run "first" of orders\n/);
    expect(ended.out).toMatch(/success +total in [\d.]+ s\n/);
    expect(ended.out).toMatch(/Run "first" of orders: success in [\d.]+ s\.\n$/);
    expect((await airloom.run(["tasks", "logs", "orders", "first", "extract"])).out).toMatch(
      /^[\d:.]+ extracting 2\n$/,
    );
    // One that is made for later is not the latest.
    await airloom.run(["dags", "trigger", "orders", "-r", "in_2199", "--run-after", "2199-01-01T00:00:00Z"]);
    expect((await airloom.run(["dags", "state", "orders", "latest"])).out).toBe("success\n");
    expect((await airloom.json<{ state: string }>(["dags", "state", "orders", "in_2199"])).state).toBe("queued");
    const states = await airloom.json<readonly { task_id: string; map_index: number; state: string }[]>([
      "tasks",
      "states-for-dag-run",
      "orders",
      "first",
    ]);
    expect(states.map(({ task_id, map_index, state }) => `${task_id} ${map_index} ${state}`)).toEqual([
      "double 0 success",
      "double 1 success",
      "extract -1 success",
      "total -1 success",
    ]);
    expect((await airloom.run(["dags", "list-runs", "orders", "--state", "success", "-o", "plain"])).out).toMatch(
      /^first\tsuccess\tmanual\t/,
    );
  });

  it("exits with 1 when the run fails, and says where the reason is", async () => {
    const ended = await airloom.run(["dags", "trigger", "faulty", "-r", "bad", "--wait"]);
    expect(ended.code).toBe(1);
    expect(ended.out).toContain("failed          greet");
    expect(ended.err).toBe("       Its log: airloom tasks logs faulty 'bad' greet\n");
    expect((await airloom.run(["tasks", "logs", "faulty", "latest", "greet"])).out).toContain(
      "there is nobody to greet",
    );
    expect((await airloom.run(["explain", "faulty", "bad", "greet"])).out).toContain("there is nobody to greet");
  });

  it("clears tasks after a preview, and follows the log of what runs again", async () => {
    await airloom.run(["dags", "trigger", "orders", "-r", "again", "--wait"]);
    const preview = await airloom.json<readonly { task_id: string }[]>([
      "tasks",
      "clear",
      "orders",
      "-r",
      "again",
      "-t",
      "^double$",
      "-d",
      "--dry-run",
    ]);
    expect([...new Set(preview.map(({ task_id }) => task_id))].sort()).toEqual(["double", "total"]);
    expect(await airloom.run(["tasks", "clear", "orders", "-r", "again", "-t", "total"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("add --yes"),
    });
    const cleared = await airloom.run(["tasks", "clear", "orders", "-r", "again", "-t", "total", "-y"]);
    expect(cleared).toMatchObject({ code: 0, out: expect.stringContaining("1 task instances cleared.") });
    const followed = await airloom.run(["tasks", "logs", "orders", "again", "total", "--follow"]);
    expect(followed.out.match(/summing/g)?.length).toBeGreaterThanOrEqual(1);
    expect((await airloom.run(["tasks", "state", "orders", "again", "total"])).out).toBe("success\n");
  });

  it("pauses, explains why a run waits, and unpauses by pattern", async () => {
    expect((await airloom.run(["dags", "pause", "orders", "faulty"])).out).toBe(
      "orders is paused.\nfaulty is paused.\n",
    );
    const triggered = await airloom.run(["dags", "trigger", "orders", "-r", "waiting"]);
    expect(triggered.err).toContain("warning: orders is paused");
    expect((await airloom.run(["explain", "orders", "waiting"])).out).toMatch(/^Waiting: Dag orders is paused\n/);
    const late = await airloom.run(["dags", "next-execution", "orders", "-n", "3", "-o", "plain"]);
    expect(late.out.split("\n").filter((line) => line.includes("T06:00:00Z"))).toHaveLength(3);
    expect((await airloom.run(["dags", "unpause", "--treat-dag-id-as-regex", "ord.*"])).out).toBe(
      "orders is unpaused.\n",
    );
    expect((await airloom.run(["tasks", "logs", "orders", "waiting", "total", "-f"])).out).toContain("summing");
  });

  it("names the id that is unknown, and what it should have been", async () => {
    const unknown = async (...args: string[]): Promise<string> => (await airloom.run(args)).err;
    expect(await unknown("dags", "trigger", "order")).toBe(
      'error: There is no Dag "order".\n       Did you mean "orders"?\n',
    );
    expect(await unknown("tasks", "state", "orders", "frist", "total")).toContain('Did you mean "first"?');
    expect(await unknown("tasks", "state", "orders", "first", "totl")).toContain('Did you mean "total"?');
    expect(await unknown("tasks", "state", "orders", "first", "double")).toContain(
      "Name one of 0 to 1 with --map-index.",
    );
    expect(await unknown("tasks", "clear", "orders", "-r", "first", "-t", "^totl$", "-y")).toContain(
      "There is no task that matches",
    );
  });

  it("is used from another home by name and password, or by a token", async () => {
    const url = /ready at (\S+)/.exec(standalone.output())?.[1] ?? "";
    const login = { AIRLOOM_USERNAME: "admin", AIRLOOM_PASSWORD: "open sesame" };
    const elsewhere = await ownAirloom("shop", login);
    expect((await elsewhere.run(["dags", "state", "orders", "first", "--server", url])).out).toBe("success\n");
    await elsewhere.close();
    const wrong = await ownAirloom("shop", { ...login, AIRLOOM_PASSWORD: "guess" });
    expect(await wrong.run(["dags", "list", "--server", url])).toMatchObject({
      code: 1,
      err: expect.stringContaining("The name or the password is wrong."),
    });
    await wrong.close();
    const forged = await ownAirloom("shop", { AIRLOOM_TOKEN: "a.b.c" });
    expect(await forged.run(["dags", "list", "--server", url])).toMatchObject({
      code: 1,
      err: expect.stringContaining("No valid token"),
    });
    await forged.close();
  });

  it("refuses a second standalone in the same home", async () => {
    expect(await airloom.run(["standalone"])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/already runs in this home \(process \d+/),
    });
  });

  it("is well, says the doctor", async () => {
    const { code, out } = await airloom.run(["doctor"]);
    expect(code).toBe(0);
    expect(out).toMatch(/✓ scheduler/);
    expect(out).toMatch(/! import errors +1 Dag files do not load: broken\.ts/);
    expect((await airloom.run(["jobs", "check"])).code).toBe(0);
  });

  it("forgets a Dag whose deletion was confirmed", async () => {
    const runs = await airloom.json<readonly Run[]>(["dags", "list-runs", "faulty"]);
    expect(runs.map((run) => run.dag_run_id)).toEqual(["bad"]);
    expect((await airloom.run(["dags", "delete", "faulty", "-y"])).out).toBe("faulty deleted.\n");
  });
});
