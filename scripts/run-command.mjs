import { spawn } from "node:child_process";
import { join } from "node:path";
import { readJson, root } from "./source-tree.mjs";

/**
 * The script behind a dependency's command, to be run by this very Node. `npx` would ask the PATH, where
 * another Node may come first.
 */
export function binScript(packageName, command = packageName) {
  const folder = `node_modules/${packageName}`;
  const { bin } = readJson(`${folder}/package.json`);
  return join(root, folder, typeof bin === "string" ? bin : bin[command]);
}

/** Runs Node on a script and collects what it prints. Resolves with `{ code, output }`; never rejects for an exit code. */
export const runNode = (args, options = {}) => runCommand(process.execPath, args, options);

/** Runs a command in the repository's root and collects standard output and error as one text. */
export function runCommand(command, args, { env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? `signal ${signal}`, output }));
  });
}
