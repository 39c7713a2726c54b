import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { runCommand } from "../run-command.mjs";
import { readJson, root } from "../source-tree.mjs";

const folder = "docs/proof/records";

/** The last result of a line: `{ value, met, date, commit, machine, command }`; null when there is none. */
export const lastRecord = ({ id }) => {
  const path = `${folder}/${id}.json`;
  return existsSync(join(root, path)) ? readJson(path) : null;
};

/** Runs the line's command, which writes its result to a file, and keeps what it says. */
export async function runLine(line) {
  if (!line.command) throw new Error(`"${line.id}" cannot be run: ${line.notRun}`);
  const scratch = mkdtempSync(join(tmpdir(), "airloom-score-"));
  const file = join(scratch, "result.json");
  try {
    const { code, output } = await runCommand("sh", ["-c", line.command.replaceAll("FILE", file)]);
    if (!existsSync(file)) throw new Error(`${line.command}: exit code ${code} and no result\n${output.slice(-2_000)}`);
    takeResult(line, file);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Keeps what a result says of its line, with the commit and the machine of now. */
export function takeResult(line, file) {
  const { value, met } = line.judge(resultIn(file));
  const command = line.command.replaceAll("FILE", "out.json");
  const record = {
    value,
    met,
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    machine: machine(),
    command,
  };
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, `${line.id}.json`), `${JSON.stringify(record, null, 2)}\n`);
}

/** A result is one JSON document, or one per line. */
function resultIn(file) {
  const text = readFileSync(file, "utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text
      .trim()
      .split("\n")
      .map((one) => JSON.parse(one));
  }
}

const commit = () => execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();

const machine = () =>
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? "processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
