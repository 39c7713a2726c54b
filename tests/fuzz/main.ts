import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Outcome, type Part, parts } from "./parts.ts";

const usage = `usage: npm run fuzz -- PART [--seed S] [--requests N | --seconds N] [--json FILE]
parts: ${Object.keys(parts).join(", ")}`;

/** What `npm run fuzz` runs: lines for people on standard error, one JSON document on standard output or in a file. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      requests: { type: "string" },
      seconds: { type: "string" },
      json: { type: "string" },
    },
  });
  const [name = ""] = positionals;
  const part = Object.hasOwn(parts, name) ? (parts as Readonly<Record<string, Part>>)[name] : undefined;
  const [seed, requests, seconds] = [values.seed, values.requests, values.seconds].map((text) => Number(text ?? 0));
  if (part === undefined || positionals.length !== 1 || ![seed, requests, seconds].every(Number.isSafeInteger)) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  console.error(`seed ${seed}`);
  const tell = (line: string): void => console.error(line);
  const outcome = await part({ seed: seed ?? 0, requests: requests || null, seconds: seconds || null, tell });
  report(outcome, { name, seed: seed ?? 0, count: values.requests, json: values.json });
}

interface Printed {
  readonly name: string;
  readonly seed: number;
  readonly count: string | undefined;
  readonly json: string | undefined;
}

function report({ failures, result }: Outcome, { name, seed, count, json }: Printed): void {
  const text = JSON.stringify({ part: name, seed, date: new Date().toISOString(), failures, ...result }, null, 2);
  if (json === undefined) console.log(text);
  else writeFileSync(json, `${text}\n`);
  for (const failure of failures) console.error(`FAILED: ${failure}`);
  if (failures.length > 0)
    console.error(`again: npm run fuzz -- ${name} --seed ${seed}${count === undefined ? "" : ` --requests ${count}`}`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

await main();
