/**
 * Whole flights, through everything there is: REST, store, worker, child processes. Chains, fan-outs, starts and artifacts against
 * Airloom as it is built, `standalone` or (`--split`) each part in a process of its own, beside the floor of the same server.
 * `--only chain,starts` measures some; `--slots 4` for another number of attempts at once; `--profile DIR` writes a CPU profile of each process of Airloom's own there; `--statements`
 * tells where the database's time went.
 */
import { type Airloom, startAirloom } from "./parts/airloom-processes.ts";
import type { Api } from "./parts/api.ts";
import { type Figure, figure, print, repeat, round } from "./parts/figures.ts";
import { chainDag, fanMappedDag, fanNodesDag, sharedClock, startDag } from "./parts/flight-dags.ts";
import { measureFloor } from "./parts/floor.ts";
import { type CpuTimes, watchCpu } from "./parts/process-tree.ts";
import { countingServer, countStatements, statementCosts } from "./parts/statements.ts";

const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const only = argument("--only")?.split(",");
const profile = argument("--profile");
const isDetailed = process.argv.includes("--statements");
const artifacts = 200;

const files: Record<string, string> = {
  "chain.ts": chainDag("chain"),
  "values.ts": chainDag("chain_values", { values: true }),
  "fresh.ts": chainDag("chain_fresh", { isolation: "fresh" }),
  "fan-nodes.ts": fanNodesDag("fan_nodes"),
  "fan-mapped.ts": fanMappedDag("fan_mapped"),
  "start.ts": startDag("start"),
  ...Object.fromEntries(
    Array.from({ length: artifacts }, (_, i) => [`a${i}.ts`, `// ${i}\n${startDag(`artifact_${i}`)}`]),
  ),
};

/** `wall`: from its start to its end by the store's clock. `client`: from the request to the answer that it has ended. */
interface Flights {
  readonly wall: Figure;
  readonly client: Figure;
  readonly cpu: CpuTimes;
}

/** Processor time of one of `times` repeats, ms: what it costs however busy the machine is. */
async function cpuPerTurn<T>(roots: readonly number[], times: number, act: () => Promise<T>) {
  const since = watchCpu(roots);
  const result = await act();
  const taken = since();
  const each = (part: keyof CpuTimes) => round(taken[part] / times);
  return { result, cpu: { control: each("control"), postgres: each("postgres"), children: each("children") } };
}

async function flights({ api, roots }: Airloom, dagId: string, times: number): Promise<Flights> {
  const fly = async () => {
    const began = performance.now();
    const runId = await api.trigger(dagId);
    await api.wait(dagId, runId);
    const client = performance.now() - began;
    const { start_date, end_date } = await api.run(dagId, runId);
    return { client, wall: Date.parse(end_date) - Date.parse(start_date) };
  };
  await repeat(2, fly);
  const { result, cpu } = await cpuPerTurn(roots, times, () => repeat(times, fly));
  return { wall: figure(result.map(({ wall }) => wall)), client: figure(result.map(({ client }) => client)), cpu };
}

/** `request`: from when the client sends its request to the first line of the function. `queued`: from the instance's move to `queued`. */
interface Starts {
  readonly request: Figure;
  readonly queued: Figure;
  readonly cpu: CpuTimes;
}

/** Times of the database have whole milliseconds; the clocks of this machine are the same. */
const wallOf = (shared: number): number => Date.now() - sharedClock() + shared;

async function start(api: Api, dagId: string): Promise<{ readonly request: number; readonly queued: number }> {
  const sent = sharedClock();
  const runId = await api.trigger(dagId);
  const { now } = (await api.wait(dagId, runId, ["now"])) as { now: number };
  const { queued_when } = await api.instance(dagId, runId, "now");
  return { request: now - sent, queued: wallOf(now) - Date.parse(queued_when) };
}

async function starts({ api, roots }: Airloom, dagIds: readonly string[]): Promise<Starts> {
  const { result, cpu } = await cpuPerTurn(roots, dagIds.length, () =>
    repeat(dagIds.length, (turn) => start(api, dagIds[turn] ?? "")),
  );
  return {
    request: figure(result.map(({ request }) => request)),
    queued: figure(result.map(({ queued }) => queued)),
    cpu,
  };
}

const wanted = async <T>(name: string, act: () => Promise<T>): Promise<T | undefined> =>
  only && !only.includes(name) ? undefined : act();

async function measure(airloom: Airloom) {
  const { api, databaseUrl, startMs } = airloom;
  const began = performance.now();
  await api.untilDags(Object.keys(files).length);
  const parsed = performance.now() - began;
  await api.patch("/pools/default_pool?update_mask=slots", { slots: -1 });
  const same = Array.from({ length: 200 }, () => "start");
  await starts(airloom, same.slice(0, 20));
  if (isDetailed) await countStatements(databaseUrl);
  return {
    "until ready": round(startMs),
    [`until ${Object.keys(files).length} files are published`]: round(parsed),
    floor: await wanted("floor", () => measureFloor(databaseUrl)),
    "chain of 40": await wanted("chain", () => flights(airloom, "chain", Number(argument("--times") ?? 15))),
    "chain of 40 that passes a value": await wanted("chain", () => flights(airloom, "chain_values", 10)),
    "chain of 40, isolation fresh": await wanted("fresh", () => flights(airloom, "chain_fresh", 5)),
    "1 → 1,000 nodes → 1": await wanted("fan", () => flights(airloom, "fan_nodes", 5)),
    "1 → 1 task mapped 1,000 times → 1": await wanted("fan", () => flights(airloom, "fan_mapped", 5)),
    "200 starts, warm": await wanted("starts", () => starts(airloom, same)),
    [`${artifacts} artifacts, one start each`]: await wanted("artifacts", () =>
      starts(
        airloom,
        Array.from({ length: artifacts }, (_, i) => `artifact_${i}`),
      ),
    ),
    statements: isDetailed ? await statementCosts(databaseUrl) : undefined,
  };
}

const began = performance.now();
const mode = process.argv.includes("--split") ? "split" : "standalone";
const airloom = await startAirloom({
  mode,
  files,
  // Limits raised: the pool's and the Dags' own as well. Sixteen attempts at once, so that a finish finds others to be recorded with.
  environment: { AIRLOOM__CORE__PARALLELISM: "0", AIRLOOM__WORKERS__SLOTS: argument("--slots") ?? "16" },
  ...(isDetailed && { server: countingServer }),
  nodeArguments: profile ? ["--cpu-prof", `--cpu-prof-dir=${profile}`] : [],
});
try {
  print(`flight, ${mode}`, began, await measure(airloom));
} finally {
  await airloom.stop();
}
