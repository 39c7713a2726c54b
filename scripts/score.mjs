/**
 * `npm run score`: writes SCOREBOARD.md from the lines in scripts/score/ and the last result of each in docs/proof/records/.
 *
 *   npm run score                          only write the page
 *   npm run score -- --run model fuzz      run the command of these lines first and keep their results
 *   npm run score -- --take chaos out.json keep a result that the line's command wrote before (of the commit that is checked out)
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "./generators/scoreboard.mjs";
import { lines } from "./score/lines.mjs";
import { lastRecord, runLine, takeResult } from "./score/records.mjs";
import { root } from "./source-tree.mjs";

const [mode, ...ids] = process.argv.slice(2);
const lineOf = (id) => {
  const line = lines.find((one) => one.id === id);
  if (!line) throw new Error(`there is no line "${id}"; there are ${lines.map((one) => one.id).join(", ")}`);
  return line;
};
if (mode === "--run") for (const id of ids) await runLine(lineOf(id));
else if (mode === "--take") takeResult(lineOf(ids[0]), ids[1]);
else if (mode !== undefined) throw new Error("usage: npm run score [-- --run ID… | --take ID FILE]");

const [{ path, text }] = generate();
writeFileSync(join(root, path), text);
for (const line of lines) {
  const record = lastRecord(line);
  const result = record
    ? `${record.met ? "met   " : "MISSED"}  ${record.value}`
    : `not run: ${line.notRun ?? "no result is kept"}`;
  console.log(`${line.id.padEnd(16)} ${result}`);
}
