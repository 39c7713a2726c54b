import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { failpoints, failpointsToCome } from "@airloom/core";
import { runCampaign } from "./campaign.ts";
import { chanceOf } from "./chance.ts";
import { planOf } from "./plan.ts";
import { reportOf } from "./report.ts";

const usage = "npm run failpoints -- [--point P]… [--action A]… [--times N] [--seed S] [--json FILE]";

/** What `npm run failpoints` runs: lines for people on standard error; the result as JSON on standard output, or in a file. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      point: { type: "string", multiple: true, default: [] },
      action: { type: "string", multiple: true, default: [] },
      times: { type: "string", default: "1" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      json: { type: "string" },
    },
  });
  const times = Number(values.times);
  const seed = Number(values.seed);
  const stranger = values.point.find((point) => !Object.hasOwn(failpoints, point));
  const planned = planOf({ points: values.point, actions: values.action });
  if (stranger !== undefined || planned.length === 0 || !(times >= 1) || !Number.isInteger(seed)) {
    console.error(`usage: ${usage}\npoints: ${Object.keys(failpoints).join(", ")}`);
    return 2;
  }
  const chosen = [...values.point.map((p) => `--point '${p}'`), ...values.action.map((a) => `--action ${a}`)].join(" ");
  console.error(`seed ${seed}; again: npm run failpoints -- ${chosen} --times ${times} --seed ${seed}`);
  const started = performance.now();
  const tell = (line: string): void => console.error(`${Math.round((performance.now() - started) / 1_000)} s  ${line}`);
  const trials = await runCampaign({ planned, times, chance: chanceOf(seed), tell });
  const failed = trials.filter(({ problems }) => problems.length > 0).length;
  const seconds = Math.round((performance.now() - started) / 1_000);
  const result = {
    seed,
    times,
    seconds,
    passed: trials.length - failed,
    failed,
    notBuiltYet: failpointsToCome,
    points: reportOf(trials),
  };
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (values.json) writeFileSync(values.json, text);
  else process.stdout.write(text);
  console.error(`${trials.length - failed} passed, ${failed} failed in ${seconds} s`);
  return failed > 0 ? 1 : 0;
}

process.exitCode = await main();
