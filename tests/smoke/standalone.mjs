/** One tiny run under the Node that runs this: start everything, run a Dag of two tasks, stop. Prints what went wrong and ends with 1. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../../packages/airloom/bin/airloom.mjs", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "airloom-smoke-"));
const environment = { PATH: process.env.PATH, HOME: project, AIRLOOM_HOME: join(project, ".airloom"), NO_COLOR: "1" };

mkdirSync(join(project, "dags"));
writeFileSync(
  join(project, "dags/hello.ts"),
  `import { dag, task } from "airloom";
const name = task("name", (): string => process.version);
const greet = task("greet", (name: string): void => console.log("hello from", name));
export default dag("hello", {}, () => {
  greet(name());
});
`,
);

function start(args) {
  const child = spawn(process.execPath, [command, ...args], { cwd: project, env: environment, detached: true });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
  return { child, ended, said: () => said };
}

/** Asks again until a command ends with 0 and says what it should. */
async function untilItSays(args, words, within) {
  const deadline = performance.now() + within;
  for (;;) {
    const asked = start(args);
    const code = await asked.ended;
    if (code === 0 && asked.said().includes(words)) return;
    if (performance.now() > deadline) throw new Error(`airloom ${args.join(" ")}: ${code}\n${asked.said()}`);
    await pause(100);
  }
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(String(port)));
    });
  });

const airloom = start(["standalone", "--port", await freePort()]);
try {
  await untilItSays(["dags", "list"], "hello", 60_000);
  await untilItSays(["dags", "trigger", "hello", "--run-id", "smoke", "--wait"], "success", 0);
  await untilItSays(["tasks", "logs", "hello", "smoke", "greet"], `hello from ${process.version}`, 10_000);
  airloom.child.kill("SIGINT");
  const code = await airloom.ended;
  if (code !== 0) throw new Error(`standalone ended with ${code}`);
} catch (error) {
  console.error(`${error.message}\n--- standalone said:\n${airloom.said()}`);
  process.exitCode = 1;
} finally {
  airloom.child.kill("SIGKILL");
  await airloom.ended;
  rmSync(project, { recursive: true, force: true });
}
