import { spawn } from "node:child_process";
import { once } from "node:events";

/** How long Node takes to start and end where nothing else is to be done, ms. */
const idleStartMs = 50;

/**
 * How long something takes, ms, as if the machine had nothing else to do: measured beside starts of a bare Node, and divided by how
 * much slower these are than on an idle machine. For limits that are promised to users and have to hold in tests that share
 * their processors.
 */
export async function idleTime(what: () => Promise<unknown>): Promise<number> {
  const before = await timeOf(bareStart);
  const took = await timeOf(what);
  const after = await timeOf(bareStart);
  return took / Math.max(1, (before + after) / 2 / idleStartMs);
}

async function timeOf(what: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await what();
  return performance.now() - began;
}

const bareStart = (): Promise<unknown> => once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
