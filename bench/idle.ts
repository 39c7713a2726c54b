/**
 * What Airloom takes while nothing happens: processor time and memory of its whole process tree, PostgreSQL included, with the
 * examples loaded, over 20 s after it has come to rest.
 */
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startAirloom } from "./parts/airloom-processes.ts";
import { print, round } from "./parts/figures.ts";
import { startDag } from "./parts/flight-dags.ts";
import { processesBelow, pssOf, watchCpu } from "./parts/process-tree.ts";

const settleMs = 15_000;
const watchMs = Number(process.env.BENCH_SECONDS ?? 20) * 1_000;

const began = performance.now();
const airloom = await startAirloom({
  mode: process.argv.includes("--split") ? "split" : "standalone",
  folder: resolve("examples/basics/dags"),
  files: { "start.ts": startDag("start") },
});
try {
  await airloom.api.untilDag("start");
  await airloom.api.wait("start", await airloom.api.trigger("start"));
  await sleep(settleMs);
  const taken = watchCpu(airloom.roots);
  const since = performance.now();
  await sleep(watchMs);
  const cpu = taken();
  const elapsed = performance.now() - since;
  const share = (part: keyof typeof cpu) => round((cpu[part] / elapsed) * 100);
  const pss = pssOf(airloom.roots);
  const mib = (part: keyof typeof pss) => Math.round(pss[part]);
  print("idle", began, {
    "% of one processor": {
      total: round(share("control") + share("postgres") + share("children")),
      control: share("control"),
      postgres: share("postgres"),
      children: share("children"),
    },
    "MiB PSS": {
      total: mib("control") + mib("postgres") + mib("children"),
      control: mib("control"),
      postgres: mib("postgres"),
      children: mib("children"),
    },
    processes: processesBelow(airloom.roots).length,
  });
} finally {
  await airloom.stop();
}
