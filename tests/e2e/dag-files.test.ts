import { renameSync, rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type Api, apiOf, type Run } from "../support/api-of.ts";
import { type RunningAirloom, startStandalone } from "../support/running-airloom.ts";
import { type TemporaryProject, temporaryProject } from "../support/temporary-project.ts";
import { until } from "../support/until.ts";

// A machine that is busy with other tests needs several times as long as an idle one.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

let project: TemporaryProject;
let airloom: RunningAirloom;
let api: Api;

beforeAll(async () => {
  project = await temporaryProject();
  airloom = await startStandalone(project);
  api = await apiOf(project);
});

afterEach(({ task }) => {
  if (task.result?.state === "fail") console.error(airloom.output().split("\n").slice(-60).join("\n"));
});

afterAll(async () => {
  await airloom?.interrupt();
  await project?.remove();
});

interface DagShape {
  readonly dag_id: string;
  readonly is_stale: boolean;
  readonly description: string | null;
  readonly has_import_errors: boolean;
}

const dag = (id: string): Promise<DagShape> => api.get<DagShape>(`/api/v2/dags/${id}`);
const activeDags = async (pattern: string): Promise<number> =>
  (await api.get<{ total_entries: number }>(`/api/v2/dags?dag_id_pattern=${pattern}&limit=1`)).total_entries;
const versionsOf = async (id: string): Promise<number> =>
  (await api.get<{ total_entries: number }>(`/api/v2/dags/${id}/dagVersions`)).total_entries;

const oneTask = (answer: string): string => `import { dag, task } from "airloom";
const say = task("say", (): string => ${answer});
export default dag("edited", {}, () => {
  say();
});
`;

test("an edited file runs as edited a moment later; a broken one is told with its line, and its last good version goes on", async () => {
  project.write("dags/edited.ts", oneTask('"one"'));
  await until("the Dag is there", () => dag("edited"), { within: 5_000 });
  const first = await api.trigger("edited");
  expect(await api.ended(first)).toBe("success");

  project.write("dags/edited.ts", oneTask('"two"'));
  await until("the edit is there", async () => (await versionsOf("edited")) === 2, { within: 4_000 });
  const second = await api.trigger("edited");
  expect(await api.ended(second)).toBe("success");
  expect(await Promise.all([first, second].map((run) => api.xcom(run, "say")))).toEqual(["one", "two"]);

  project.write("dags/edited.ts", oneTask('"three"').replace("say();", 'throw new Error("no luck here");'));
  interface ImportError {
    readonly filename: string;
    readonly stack_trace: string;
  }
  const error = await until(
    "the error is told",
    async () => (await api.get<{ import_errors: ImportError[] }>("/api/v2/importErrors")).import_errors[0],
    { within: 5_000 },
  );
  expect(error.filename).toBe("edited.ts");
  expect(error.stack_trace).toMatch(/no luck here[\s\S]*dags\/edited\.ts:4/);
  expect(await dag("edited")).toMatchObject({ is_stale: false, has_import_errors: true });
  const third = await api.trigger("edited");
  expect(await api.ended(third)).toBe("success");
  expect(await api.xcom(third, "say")).toBe("two");

  project.write("dags/edited.ts", oneTask('"four"'));
  await until("the error is gone", async () => !(await dag("edited")).has_import_errors, { within: 5_000 });
});

const rows = (count: number): readonly { readonly id: string; readonly city: string }[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `tenant_${String(index).padStart(3, "0")}`,
    city: `city ${index}`,
  }));

const tenants = `import { dag, task } from "airloom";
import rows from "../tenants.json" with { type: "json" };

const greet = task("greet", (city: string): string => \`hello \${city}\`);
export default rows.map((row) =>
  dag(row.id, { data: row, tags: ["tenant"], description: row.city }, ({ data }) => {
    greet(data.city);
  }),
);
`;

test("200 Dags come from one list: an edited row is one new version, removed rows go and keep their runs", async () => {
  const list = [...rows(200)];
  const save = (): void => {
    // A rename, so that no half-written list is read.
    project.write("tenants.json.new", JSON.stringify(list));
    renameSync(project.path("tenants.json.new"), project.path("tenants.json"));
  };
  save();
  project.write("dags/tenants.ts", tenants);
  await until("200 Dags are there", async () => (await activeDags("tenant_")) === 200, { within: 15_000 });
  // A version that nothing ran on would be replaced instead of followed by another.
  const run = await api.trigger("tenant_199");
  for (const one of [run, await api.trigger("tenant_006"), await api.trigger("tenant_007")])
    expect(await api.ended(one)).toBe("success");
  expect(await api.xcom(run, "greet")).toBe("hello city 199");

  list[7] = { id: "tenant_007", city: "Lisbon" };
  save();
  await until("the edited row is there", async () => (await dag("tenant_007")).description === "Lisbon", {
    within: 15_000,
  });
  expect(await versionsOf("tenant_007")).toBe(2);
  const others = await Promise.all(["tenant_006", "tenant_008", "tenant_199"].map(versionsOf));
  expect(others).toEqual([1, 1, 1]);
  const after = await api.trigger("tenant_007");
  expect(await api.ended(after)).toBe("success");
  expect(await api.xcom(after, "greet")).toBe("hello Lisbon");

  list.splice(190, 10);
  save();
  await until("ten Dags are gone", async () => (await activeDags("tenant_")) === 190, { within: 15_000 });
  expect(await dag("tenant_199")).toMatchObject({ is_stale: true });
  const kept = await api.get<{ dag_runs: Run[] }>("/api/v2/dags/tenant_199/dagRuns");
  expect(kept.dag_runs).toMatchObject([{ dag_run_id: run.dag_run_id, state: "success" }]);
  expect(await api.log(run, "greet")).toBeDefined();

  list.push(...rows(200).slice(199));
  save();
  await until("a row that came back is a Dag again", async () => !(await dag("tenant_199")).is_stale, {
    within: 15_000,
  });
  expect(await versionsOf("tenant_199")).toBe(1);
});

test("a removed file's Dags go, and its runs stay", async () => {
  project.write("dags/leaving.ts", oneTask('"bye"').replace('"edited"', '"leaving"'));
  await until("the Dag is there", () => dag("leaving"), { within: 15_000 });
  const run = await api.trigger("leaving");
  expect(await api.ended(run)).toBe("success");
  rmSync(project.path("dags/leaving.ts"));
  await until("the Dag is gone", async () => (await dag("leaving")).is_stale, { within: 8_000 });
  expect((await api.run("leaving", run.dag_run_id)).state).toBe("success");
  expect(await api.ask("POST", "/api/v2/dags/leaving/dagRuns", { logical_date: null })).toMatchObject({ status: 404 });
});
