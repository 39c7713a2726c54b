import { parseArgs } from "node:util";
import { judge } from "./judge.ts";
import { liveHistory } from "./run-history.ts";

/** What `npm run histories` runs: lines for people on standard error, one JSON document on standard output. Exit code 1 = something is wrong. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      seconds: { type: "string", default: "20" },
      connections: { type: "string", default: "48" },
    },
  });
  const [seed, seconds, connections] = [values.seed, values.seconds, values.connections].map(Number) as [
    number,
    number,
    number,
  ];
  if (![seed, seconds, connections].every((value) => Number.isFinite(value) && value >= 0)) {
    console.error("usage: npm run histories -- [--seed N] [--seconds N] [--connections N]");
    process.exitCode = 2;
    return;
  }
  console.error(
    `seed ${seed}; again with: npm run histories -- --seed ${seed} --seconds ${seconds} --connections ${connections}`,
  );
  const lived = await liveHistory({ seed, seconds, connections, tell: (line) => console.error(line) });
  try {
    const verdict = await judge(lived);
    for (const { check, what } of verdict.anomalies.slice(0, 40)) console.error(`${check}: ${what}`);
    const { anomalies, counts } = verdict;
    console.log(
      JSON.stringify({
        seed,
        seconds,
        connections,
        found: anomalies.length,
        anomalies: anomalies.slice(0, 100),
        counts,
      }),
    );
    process.exitCode = verdict.anomalies.length > 0 ? 1 : 0;
  } finally {
    await lived.drop();
  }
}

await main();
