/** A worker in a process of its own whose task child dies while it loads its Dag; then the worker stops, and says so. */
import { createWorker } from "../src/index.ts";
import { FakeControlPlane } from "./fake-control-plane.ts";
import { workOf } from "./test-worker.ts";

// A child does not get this variable: it ends where this process goes on.
process.env.LOADS_HERE = "yes";
const source = `
import { dag, task } from "airloom";
if (process.env.LOADS_HERE !== "yes") process.exit(3);
const one = task("one", () => 1);
export default dag("dies", {}, () => { one(); });
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
plane.queue({ ...work, taskInstanceId: "dies" });
const { outcome } = await plane.finished("dies");
await worker.stop("it has nothing more to do");
process.stdout.write(`stopped after ${outcome.kind}\n`);
