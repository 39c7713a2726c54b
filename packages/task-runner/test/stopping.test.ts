import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { builtFile, builtProgram } from "@airloom/testkit";
import { expect, test } from "vitest";

test("a worker whose child died while it loaded a Dag leaves nothing behind that keeps its process alive once it has stopped", async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), "airloom-stopping-"));
  const program = await builtProgram(join(import.meta.dirname, "stopping-program.ts"));
  const args = [program, await builtFile("task-child"), cacheDir];
  const worker = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(worker, "exit");
  expect(await once(createInterface({ input: worker.stdout }), "line")).toEqual(["stopped after failed"]);
  const stoppedAt = performance.now();
  expect(await exited).toEqual([0, null]);
  // The time that a Dag may take to load is 60 s, and it was waited for.
  expect(performance.now() - stoppedAt).toBeLessThan(20_000);
  await rm(cacheDir, { recursive: true, force: true });
});
