/** A worker in a process of its own, to be killed: runs one task that never ends and prints who runs. */
import { createWorker } from "../src/index.ts";
import { FakeControlPlane } from "./fake-control-plane.ts";
import { workOf } from "./test-worker.ts";

const source = `
import { spawn } from "node:child_process";
import { dag, task } from "airloom";
const hold = task("hold", () => {
  const child = spawn("sleep", ["300"], { stdio: "ignore", detached: true });
  console.log(JSON.stringify({ child: process.pid, grandchild: child.pid }));
  for (;;);
});
export default dag("doomed", {}, () => { hold(); });
`;

const [childPath = "", cacheDir = ""] = process.argv.slice(2);
const plane = new FakeControlPlane();
const worker = createWorker({
  contract: plane.contract(),
  executor: "local",
  queues: ["default"],
  slots: 1,
  cacheDir,
  projectRoot: cacheDir,
  childPath,
  log: () => undefined,
});
await worker.start();
const [work] = await workOf(plane, source);
if (!work) throw new Error("the Dag has no task");
plane.queue({ ...work, taskInstanceId: "doomed" });
await plane.until(() => plane.log("doomed").length > 0);
process.stdout.write(`${plane.log("doomed")[0]?.msg}\n`);
