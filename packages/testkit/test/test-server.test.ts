import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { builtProgram, cloneDatabase, startTestServer } from "@airloom/testkit";
import { expect, test, vi } from "vitest";

const isRunning = (pid: number): boolean => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
};

const homeOf = (url: string): string => dirname(decodeURIComponent(url.split("host=")[1] ?? ""));

test("a test run killed with -9 takes its server and the data with it", async () => {
  const program = await builtProgram(fileURLToPath(new URL("./test-server-program.ts", import.meta.url)));
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  const { pid, url } = JSON.parse(String(value)) as { pid: number; url: string };
  expect(isRunning(pid)).toBe(true);

  child.kill("SIGKILL");
  await vi.waitUntil(() => !isRunning(pid) && !existsSync(homeOf(url)), { timeout: 15_000, interval: 20 });
});

test("a benchmark can have a server of its own, outside of the test run", async () => {
  const server = await startTestServer();
  const clone = await cloneDatabase(server.url);
  expect(homeOf(clone.url)).toBe(homeOf(server.url));
  await clone.drop();
  await server.stop();
  expect(isRunning(server.pid)).toBe(false);
  expect(existsSync(homeOf(server.url))).toBe(false);
});
