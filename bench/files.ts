/**
 * Dag files: a thousand of them, cold, until all are published; then one edit, from the end of its writing until the new version is
 * there; both in a standalone Airloom, seen from outside. `--count 200` for fewer.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Airloom, startAirloom } from "./parts/airloom-processes.ts";
import { figure, print, repeat, round } from "./parts/figures.ts";

const at = process.argv.indexOf("--count");
const count = at < 0 ? 1_000 : Number(process.argv[at + 1]);
const edits = 10;

/** A small Dag as people write them: some tasks, some data, a module it shares with the others. */
const dagFile = (number: number, description: string): string => `import { dag, task } from "airloom";
import { describe } from "./lib/words.ts";

interface Row { readonly id: number; readonly words: string }

const extract = task("extract", () => Array.from({ length: 3 }, (_, id): Row => ({ id, words: describe(id + ${number}) })));
const clean = task("clean", { retries: 2 }, (rows: Row[]) => rows.filter((row) => row.words !== ""));
const count = task("count", (rows: Row[]) => rows.length);
const report = task("report", (total: number) => console.log(\`\${total} rows\`));

export default dag("file_${number}", { description: ${JSON.stringify(description)}, tags: ["bench"] }, () => {
  report(count(clean(extract())));
});
`;

/** From the end of the write until the API tells the new description. */
async function edit({ api, project }: Airloom, turn: number): Promise<number> {
  const number = (turn * 97) % count;
  const description = `edit ${turn}`;
  writeFileSync(join(project, "dags", `f${number}.ts`), dagFile(number, description));
  const written = performance.now();
  for (;;) {
    const dag = await api.get<{ description: string | null }>(`/dags/file_${number}/details`);
    if (dag.description === description) return performance.now() - written;
    await sleep(5);
  }
}

const began = performance.now();
const files = Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}.ts`, dagFile(i, "first")]));
const shared = "export const describe = (id: number): string => String(id);\n";
const airloom = await startAirloom({ mode: "standalone", files: { ...files, "lib/words.ts": shared } });
try {
  const ready = performance.now();
  await airloom.api.untilDags(count, 200);
  const cold = airloom.startMs + performance.now() - ready;
  await edit(airloom, 0);
  const edited = await repeat(edits, (turn) => edit(airloom, turn + 1));
  print("files", began, {
    files: count,
    "cold, from the start of the process": round(cold),
    "one edit visible": figure(edited),
  });
} finally {
  await airloom.stop();
}
