import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { task } from "@airloom/sdk";
import { runTask, type TaskTrial } from "@airloom/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { bash } from "../src/index.ts";
import { fileIsThere, processesNamed, processesWith, uniqueWord, until } from "./processes.ts";

const folder = mkdtempSync(join(tmpdir(), "airloom-bash-"));
afterAll(() => rmSync(folder, { recursive: true }));

const messages = ({ log }: TaskTrial, source: string): readonly string[] =>
  log.filter((entry) => entry.source === source).map(({ msg }) => msg);

describe("a bash command", () => {
  test("logs what it prints and returns its last line", async () => {
    const trial = await runTask(() => bash("b", { command: "echo one; echo oops >&2; printf 'two\\r\\n\\n'" }));
    expect(trial.outcome).toEqual({ kind: "succeeded" });
    expect(trial.value).toBe("two");
    expect(messages(trial, "stdout")).toEqual(["one", "two", ""]);
    expect(messages(trial, "stderr")).toEqual(["oops"]);
  });

  test("finds its values and the facts of the attempt in its environment, never as code", async () => {
    const rows = task("rows", () => [{ id: 1 }]);
    const command = 'echo "$EVIL|$ROWS|$DAY|$AIRLOOM_TASK_ID|$AIRLOOM_RUN_ID|$AIRLOOM_LOGICAL_DATE|$AIRLOOM_ATTEMPT"';
    process.env.AIRLOOM_ATTEMPT = "marker";
    const trial = await runTask(
      ({ run }) => bash("b", { command, env: { EVIL: '$(echo hacked) "`', ROWS: rows(), DAY: run.intervalStart } }),
      { inputs: { rows: [{ id: 1 }] } },
    );
    delete process.env.AIRLOOM_ATTEMPT;
    expect(trial.value).toBe(
      '$(echo hacked) "`|[{"id":1}]|2026-01-01T00:00:00.000Z|b|manual__trial|2026-01-02T00:00:00.000Z|marker',
    );
  });

  test("runs in a folder of its own that goes away, or where it is told", async () => {
    const trial = await runTask(() => bash("b", { command: "touch x; pwd" }));
    expect(trial.value).toMatch(/airloom-task-/);
    expect(fileIsThere(String(trial.value))()).toBe(false);
    expect((await runTask(() => bash("b", { command: "pwd", cwd: folder }))).value).toBe(folder);
  });

  test("skips with 99, fails with any other code and says the last words", async () => {
    const skipped = await runTask(() => bash("b", { command: "exit 99" }));
    expect(skipped.outcome).toEqual({ kind: "skipped", reason: "bash ended with exit code 99" });
    const failed = await runTask(() => bash("b", { command: "echo cannot find it >&2; exit 3" }));
    expect(failed.outcome).toMatchObject({
      kind: "failed",
      retry: true,
      error: { name: "ProcessError", message: "bash ended with exit code 3: cannot find it" },
    });
    const own = await runTask(() => bash("b", { command: "exit 7", skipExitCode: 7 }));
    expect(own.outcome.kind).toBe("skipped");
  });

  test("that is killed says by what", async () => {
    const { outcome } = await runTask(() => bash("b", { command: "kill -9 $$" }));
    expect(outcome).toMatchObject({ error: { message: expect.stringContaining("was killed by SIGKILL") } });
  });

  test("that is longer than an argument may be still runs", async () => {
    const { value } = await runTask(() => bash("b", { command: `# ${"x".repeat(200_000)}\necho long` }));
    expect(value).toBe("long");
  });

  test("in a folder that does not exist fails in words", async () => {
    const { outcome } = await runTask(() => bash("b", { command: "true", cwd: "/nowhere" }));
    expect(outcome).toMatchObject({
      error: { message: expect.stringContaining("the directory /nowhere does not exist") },
    });
  });

  test("is seen line by line while it runs", async () => {
    const gate = join(folder, "gate");
    const trial = await runTask(
      () => bash("b", { command: `echo first; until [ -e ${gate} ]; do sleep 0.01; done; echo last` }),
      {
        onLog: async ({ msg }) => {
          if (msg === "first") await import("node:fs/promises").then((fs) => fs.writeFile(gate, ""));
        },
      },
    );
    expect(trial.value).toBe("last");
  });
});

describe("output without measure", () => {
  test("a line of 50 MB is cut, in little memory", async () => {
    const before = process.memoryUsage().rss;
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 5);
    const trial = await runTask(() =>
      bash("b", { command: "head -c 50000000 /dev/zero | tr '\\0' x; echo; echo end" }),
    );
    clearInterval(timer);
    expect(trial.value).toBe("end");
    const [line] = messages(trial, "stdout");
    expect(line).toMatch(/^x{65536}… \(line cut: 49934464 more characters\)$/);
    expect(peak - before).toBeLessThan(100 * 1024 * 1024);
  });

  test("a slow log holds the process up instead of filling memory", async () => {
    const counter = join(folder, "count");
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const command = `p=$(head -c 500 /dev/zero | tr '\\0' x); for i in $(seq 1 5000); do echo "$p $i"; ((i % 100)) || echo $i > ${counter}; done`;
    const running = runTask(() => bash("b", { command }), { onLog: () => opened });
    await until(fileIsThere(counter), "the first line");
    let last = "";
    // It stands still when pipe and buffers are full.
    await until(() => {
      const now = readFileSync(counter, "utf8");
      const still = now !== "" && now === last;
      last = now;
      return still && Number(now) > 100;
    }, "the process to be held up");
    expect(Number(last)).toBeLessThan(2_000);
    open();
    expect((await running).value).toMatch(/ 5000$/);
  });

  test("bytes that are no text become replacement characters, split ones are joined", async () => {
    const trial = await runTask(() =>
      bash("b", { command: "printf '\\xff\\n'; printf '\\xc3'; sleep 0.05; printf '\\xa9\\n'" }),
    );
    expect(messages(trial, "stdout")).toEqual(["\ufffd", "é"]);
  });
});

describe("nothing is left behind", () => {
  test("a process left in the background ends with the command", async () => {
    const word = uniqueWord();
    const trial = await runTask(() => bash("b", { command: `(exec -a ${word} sleep 1000) & echo started` }));
    expect(trial.value).toBe("started");
    expect(processesWith(word)).toEqual([]);
  });

  test("cancel ends the group in order: SIGTERM is heard", async () => {
    const word = uniqueWord();
    const controller = new AbortController();
    const command = `trap 'echo bye; exit 0' TERM; (exec -a ${word} sleep 1000) & echo ready; wait`;
    const trial = await runTask(() => bash("b", { command }), {
      signal: controller.signal,
      onLog: ({ msg }) => {
        if (msg === "ready") controller.abort(new Error("cleared by ana"));
      },
    });
    expect(trial.outcome).toMatchObject({ kind: "failed", error: { message: "cleared by ana" } });
    expect(messages(trial, "stdout")).toEqual(["ready", "bye"]);
    expect(processesWith(word)).toEqual([]);
  });

  test("a group that ignores SIGTERM is killed after its grace", async () => {
    const word = uniqueWord();
    const controller = new AbortController();
    const command = `trap '' TERM; (trap '' TERM; exec -a ${word} sleep 1000) & echo ready; while true; do sleep 1000; done`;
    const started = performance.now();
    const trial = await runTask(() => bash("b", { command, graceSeconds: 0.3 }), {
      signal: controller.signal,
      onLog: ({ msg }) => {
        if (msg === "ready") controller.abort(new Error("timeout"));
      },
    });
    expect(trial.outcome).toMatchObject({ error: { message: "timeout" } });
    expect(performance.now() - started).toBeGreaterThan(300);
    expect(processesWith(word)).toEqual([]);
  });

  test("output held open by a process that left the group does not hold up the task", async () => {
    const word = uniqueWord();
    const trial = await runTask(() =>
      bash("b", { command: `setsid -f bash -c 'exec -a ${word} sleep 1000'; echo done` }),
    );
    expect(trial.value).toBe("done");
    // Leaving the group is beyond an operator's reach: the runner sweeps by the marker in the environment.
    for (const pid of processesWith(word)) process.kill(pid, "SIGKILL");
  });

  test("kill -9 of the process that runs the task kills the group", async () => {
    const word = uniqueWord();
    const script = new URL("./fixtures/run-forever.ts", import.meta.url).pathname;
    const runner = spawn(process.execPath, [await bundled(script), word], { stdio: "inherit" });
    await until(() => processesNamed(word).length === 2, "the command to run");
    runner.kill("SIGKILL");
    await until(() => processesNamed(word).length === 0, "the group to be killed");
  });

  test("an attempt that is cancelled before it starts starts nothing", async () => {
    const signal = AbortSignal.abort(new Error("too late"));
    const file = join(folder, "never");
    const { outcome } = await runTask(() => bash("b", { command: `touch ${file}` }), { signal });
    expect(outcome).toMatchObject({ error: { message: "too late" } });
    expect(fileIsThere(file)()).toBe(false);
  });
});

/** Node 20 reads no TypeScript. */
async function bundled(script: string): Promise<string> {
  const { build } = await import("esbuild");
  const outfile = join(folder, "run-forever.mjs");
  await build({ entryPoints: [script], bundle: true, platform: "node", format: "esm", outfile, logLevel: "error" });
  return outfile;
}
