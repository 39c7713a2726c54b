/** A worker in a process of its own, to be killed or stopped: runs one task that never ends and prints who runs. */
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
const wait = task("wait", () => {
  console.log(JSON.stringify({ child: process.pid }));
  return new Promise(() => {});
});
export default dag("doomed", {}, () => { hold(); wait(); });
`;

const [childPath = "", cacheDir = "", taskId = ""] = process.argv.slice(2);
const plane = new FakeControlPlane();
Object.assign(plane.terms, { leaseMs: 1_500, marginMs: 300, heartbeatMs: 200 });
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
const work = (await workOf(plane, source)).find(({ task }) => task.id === taskId);
if (!work) throw new Error("the Dag has no task");
plane.queue({ ...work, taskInstanceId: "doomed" });
await plane.until(() => plane.log("doomed").length > 0);
process.stdout.write(`${plane.log("doomed")[0]?.msg}\n`);
