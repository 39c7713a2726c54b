import { parseArgs } from "node:util";
import { runCampaign } from "./campaign.ts";
import { type FaultName, faults } from "./faults.ts";

/** What `npm run chaos` runs: lines for people on standard error, one JSON document on standard output. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      row: { type: "string", multiple: true },
      times: { type: "string", default: "20" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
    },
  });
  const known = Object.keys(faults) as FaultName[];
  const rows = (values.row ?? known) as FaultName[];
  const stranger = rows.find((row) => !known.includes(row));
  const times = Number(values.times);
  if (stranger !== undefined || !Number.isInteger(times) || times < 1) {
    console.error(`usage: npm run chaos -- [--row ROW]… [--times N] [--seed N]\nrows: ${known.join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const seed = Number(values.seed);
  console.error(`seed ${seed}`);
  const reports = await runCampaign({ rows, times, seed, tell: (line) => console.error(line) });
  console.log(JSON.stringify({ seed, rows: reports }, null, 2));
  process.exitCode = reports.some(({ failed }) => failed > 0) ? 1 : 0;
}

await main();
