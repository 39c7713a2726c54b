import { type Aftermath, aftermathOf } from "./aftermath.ts";
import { type CliReport, runCli } from "./cli/run-cli.ts";
import { run as runDags } from "./dags.ts";
import { type HttpReport, runHttp } from "./http/run-http.ts";
import { type RawReport, runRaw } from "./raw/run-raw.ts";
import { createWorld, type World } from "./world.ts";

export interface PartBudget {
  readonly seed: number;
  /** Null: the full command's. */
  readonly requests: number | null;
  readonly seconds: number | null;
  readonly tell: (line: string) => void;
}

export interface Outcome {
  /** In words; empty when nothing was found. */
  readonly failures: readonly string[];
  readonly result: object;
}

export type Part = (budget: PartBudget) => Promise<Outcome>;

/** Most that the server's memory may grow after the first tenth of the requests, MiB. */
const growthMiB = 100;

export const parts = {
  http: ({ seed, requests, tell }) =>
    inWorld(async (world) => {
      const report = await runHttp(world, { seed, requests: requests ?? 20_000, tell });
      return { report, failures: httpFailures(report) };
    }),
  raw: ({ seed, requests, tell }) =>
    inWorld(async (world) => {
      const budget = { seed, spoiled: requests ?? 2_000, idleConnections: 2_000, waitsForClose: true, tell };
      const report = await runRaw(world, budget);
      return { report, failures: rawFailures(report) };
    }),
  cli: ({ seed, requests, tell }) =>
    inWorld(async (world) => {
      const budget = { seed, lines: requests ?? 3_000, oneRealIn: 50, surroundings: 1_000, tell };
      const report = await runCli(world, budget);
      return { report, failures: cliFailures(report) };
    }),
  dags: async ({ seed, requests, seconds }) => {
    const { failures, ...report } = await runDags({
      seed,
      seconds: seconds ?? 300,
      ...(requests !== null && { files: requests }),
    });
    return { failures, result: report };
  },
} satisfies Readonly<Record<string, Part>>;

async function inWorld<Report extends object>(
  act: (world: World) => Promise<{ readonly report: Report; readonly failures: readonly string[] }>,
): Promise<Outcome> {
  const world = await createWorld();
  try {
    const { report, failures } = await act(world);
    const aftermath = await aftermathOf(world);
    return { failures: [...failures, ...aftermathFailures(aftermath)], result: { ...report, aftermath } };
  } finally {
    await world.remove();
  }
}

export function httpFailures({ findings, neverReached, memory }: HttpReport): readonly string[] {
  const grown = memory.most - memory.first;
  return [
    ...findings.map(
      ({ what, request }) => `${what}: ${request.method} ${request.path.slice(0, 300)} [${request.odd.join("; ")}]`,
    ),
    ...neverReached.map((route) => `never answered with success: ${route}`),
    ...(grown > growthMiB ? [`the server's memory grew by ${grown} MiB`] : []),
  ];
}

export const rawFailures = ({ findings }: RawReport): readonly string[] =>
  findings.map(({ title, what, answer }) => `${title}: ${what}: ${JSON.stringify(answer)}`);

export const cliFailures = ({ findings }: CliReport): readonly string[] =>
  findings.map(
    ({ title, what, args, said }) => `${title}: ${what}: airloom ${JSON.stringify(args).slice(0, 500)}: ${said}`,
  );

export const aftermathFailures = ({ log, invariants, pipeline }: Aftermath): readonly string[] => [
  ...log.map((record) => `in the log: ${record}`),
  ...invariants,
  ...(pipeline === null ? [] : [`a good pipeline: ${pipeline}`]),
];
