/**
 * A long history: a million task instances in 100,000 runs, and what then takes how long: starts, a chain, the lists that people look
 * at, and the loops at rest. Writing the history takes minutes, so it is run on demand. `--runs 10000` for less.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Airloom, startAirloom } from "./parts/airloom-processes.ts";
import { type Figure, figure, print, repeat, round, timed } from "./parts/figures.ts";
import { chainDag, startDag } from "./parts/flight-dags.ts";
import { writeHistory } from "./parts/history.ts";
import { watchCpu } from "./parts/process-tree.ts";

const at = process.argv.indexOf("--runs");
const runs = at < 0 ? 100_000 : Number(process.argv[at + 1]);

const tenTasks = `import { chain, dag, task } from "airloom";
const step = task("step", () => {});
export default dag("history", {}, () => {
  chain(...(Array.from({ length: 10 }, (_, i) => step.with({ id: "t" + i })()) as [any, any]));
});
`;

const lists: Readonly<Record<string, string>> = {
  "newest runs of a Dag": "/dags/history/dagRuns?limit=100&order_by=-run_after",
  "a page in the middle": "/dags/history/dagRuns?limit=100&offset=50000&order_by=-run_after",
  "runs by state": "/dags/history/dagRuns?limit=100&state=failed",
  "newest runs of all Dags": "/dags/~/dagRuns?limit=100&order_by=-run_after",
  "newest task instances of all Dags": "/dags/~/dagRuns/~/taskInstances?limit=100&order_by=-start_date",
  "task instances that run now": "/dags/~/dagRuns/~/taskInstances?limit=100&state=running",
  "task instances of one run": "/dags/history/dagRuns/history__777/taskInstances",
  "all Dags": "/dags?limit=100",
};

async function measureLists({ api }: Airloom): Promise<Readonly<Record<string, Figure>>> {
  const figures: Record<string, Figure> = {};
  for (const [name, path] of Object.entries(lists))
    figures[name] = figure(await repeat(20, () => timed(() => api.get(path))));
  return figures;
}

async function measureMoves({ api, roots }: Airloom) {
  const fly = async (dagId: string): Promise<number> => timed(async () => api.wait(dagId, await api.trigger(dagId)));
  await fly("start");
  await sleep(3_000);
  const taken = watchCpu(roots);
  const since = performance.now();
  await sleep(10_000);
  const { control, postgres } = taken();
  const percent = (cpu: number): number => round((cpu / (performance.now() - since)) * 100);
  return {
    "one task, from request to end": figure(await repeat(50, () => fly("start"))),
    "chain of 40, from request to end": figure(await repeat(7, () => fly("chain"))),
    "% of one processor at rest": { control: percent(control), postgres: percent(postgres) },
  };
}

const began = performance.now();
const airloom = await startAirloom({
  mode: "standalone",
  files: { "history.ts": tenTasks, "start.ts": startDag("start"), "chain.ts": chainDag("chain") },
});
try {
  await airloom.api.untilDags(3);
  await airloom.api.wait("history", await airloom.api.trigger("history"));
  const before = await measureMoves(airloom);
  const instances = await writeHistory(airloom.databaseUrl, "history", runs);
  print("history", began, {
    "without history": before,
    "task instances of history": instances,
    ...(await measureMoves(airloom)),
    lists: await measureLists(airloom),
  });
} finally {
  await airloom.stop();
}
