import { spawn } from "node:child_process";
import { root } from "../source-tree.mjs";

/** Runs a command with its output shown as it comes. Resolves with its exit code, or with 1 if a signal ended it. */
function stream(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Runs one step under a heading and tells how long it took. Resolves with true if it ended with 0. */
export async function runStep(title, command, args) {
  console.log(`\n== ${title}`);
  const started = performance.now();
  const code = await stream(command, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`== ${title}: ${code === 0 ? "done" : `ended with ${code}`} (${seconds} s)`);
  return code === 0;
}
