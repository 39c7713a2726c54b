import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtFile, builtProgram } from "@airloom/testkit";
import { expect, test } from "vitest";
import { writeTree } from "./write-tree.ts";

const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
};

const childrenWith = (childPath: string, parent: number): readonly string[] =>
  readdirSync("/proc").filter(
    (pid) =>
      /^\d+$/.test(pid) &&
      commandOf(pid).split("\0").includes(childPath) &&
      readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")[1] === String(parent),
  );

test.skipIf(process.platform !== "linux")(
  "a child in an endless loop dies with a supervisor that was killed",
  async () => {
    const projectDir = realpathSync(mkdtempSync(join(tmpdir(), "airloom-death-")));
    try {
      writeTree(projectDir, {
        "package.json": `{"type":"module"}`,
        "dags/loop.ts": `import { writeFileSync } from "node:fs"; writeFileSync("looping", ""); while (true) {}`,
      });
      const childPath = await builtFile("parse-child");
      const program = await builtProgram(join(import.meta.dirname, "parsing-program.ts"));
      const supervisor = spawn(process.execPath, [program, projectDir, childPath], { stdio: "ignore" });
      await expect.poll(() => existsSync(join(projectDir, "looping")), { timeout: 20_000 }).toBe(true);
      const [child = ""] = childrenWith(childPath, supervisor.pid as number);
      expect(commandOf(child)).toContain(childPath);
      supervisor.kill("SIGKILL");
      await expect.poll(() => commandOf(child), { timeout: 10_000 }).toBe("");
    } finally {
      rmSync(projectDir, { recursive: true, force: true });
    }
  },
);
