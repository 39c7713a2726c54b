import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { builtAirloom } from "./built-airloom.ts";
import { killTree, type ProcessId, processOf, treeOf } from "./proc.ts";
import type { TemporaryProject } from "./temporary-project.ts";
import { until } from "./until.ts";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** One started `airloom …`, in a session of its own as a terminal gives it. */
export interface RunningAirloom {
  readonly id: ProcessId;
  /** All it printed so far. */
  output(): string;
  readonly exited: Promise<Exit>;
  /** What Ctrl-C does: SIGINT to the whole process group. */
  interrupt(): Promise<Exit>;
  /** Every process under it, PostgreSQL among them. */
  tree(): readonly ProcessId[];
  /** kill -9 of all of them at once. */
  killTree(): Promise<Exit>;
  /** kill -9 of this process alone. */
  kill(): Promise<Exit>;
  /** SIGTERM to this process alone: what a service manager does. */
  terminate(): Promise<Exit>;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** The binary. @default the one that runs this */
  readonly node?: string;
  /** The bundle of the command. @default that of the sources as they are now */
  readonly program?: string;
  /** A command that runs the command: `["setpriv", "--reuid=65534"]`. */
  readonly through?: readonly string[];
}

/** The environment of the machine, without what could tell Airloom something. */
const machineEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    ["PATH", "HOME", "USER", "LANG", "TZ"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** Starts a command of Airloom in a project. */
export async function startAirloom(
  project: TemporaryProject,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunningAirloom> {
  const bundle = options.program ?? join(await builtAirloom(), "cli.mjs");
  const [program, ...rest] = [...(options.through ?? []), options.node ?? process.execPath, bundle, ...args] as [
    string,
    ...string[],
  ];
  const child = spawn(program, rest, {
    cwd: project.dir,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...machineEnvironment(), NO_COLOR: "1", ...project.environment, ...options.environment },
  });
  return runningAirloom(child);
}

function runningAirloom(child: ChildProcess): RunningAirloom {
  let text = "";
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve({ code, signal, output: text }));
  });
  // Asked for later, or never.
  exited.catch(() => {});
  const pid = child.pid ?? 0;
  const id = processOf(pid) ?? { pid, startTicks: "" };
  const signal = (target: number, name: NodeJS.Signals): Promise<Exit> => {
    try {
      process.kill(target, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    return exited;
  };
  return {
    id,
    output: () => text,
    exited,
    interrupt: () => signal(-pid, "SIGINT"),
    tree: () => treeOf(pid),
    killTree: () => {
      killTree(pid);
      return exited;
    },
    kill: () => signal(pid, "SIGKILL"),
    terminate: () => signal(pid, "SIGTERM"),
  };
}

/** Runs a command to its end. */
export async function runAirloom(
  project: TemporaryProject,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Exit> {
  return (await startAirloom(project, args, options)).exited;
}

/** Waits until a process has printed something. @throws with its output when it ends first. */
export async function untilSaid(running: RunningAirloom, words: string | RegExp, within = 30_000): Promise<string> {
  let exit: Exit | undefined;
  running.exited.then(
    (end) => {
      exit = end;
    },
    () => {},
  );
  const said = (): string | undefined => {
    const found = typeof words === "string" ? running.output().includes(words) : words.test(running.output());
    return found ? running.output() : undefined;
  };
  await until(`${String(words)} in:\n${running.output()}`, () => said() ?? exit !== undefined, { within }).catch(() => {
    throw new Error(`not within ${within} ms: ${String(words)}; it said:\n${running.output()}`);
  });
  const text = said();
  if (text === undefined)
    throw new Error(`it ended (${exit?.signal ?? exit?.code}) before it said ${String(words)}:\n${exit?.output}`);
  return text;
}

/** Starts everything in one process, and waits until all of it says it is healthy. */
export async function startStandalone(project: TemporaryProject, options: RunOptions = {}): Promise<RunningAirloom> {
  const running = await startAirloom(project, ["standalone"], options);
  await untilSaid(running, "Airloom is ready");
  await until("all components are healthy", () => isHealthy(project), { within: 20_000 });
  return running;
}

interface Health {
  readonly metadatabase: { readonly status: string };
  readonly scheduler: { readonly status: string };
  readonly dag_processor: { readonly status: string };
}

export async function isHealthy({ url }: TemporaryProject): Promise<boolean> {
  const health = (await (await fetch(`${url}/api/v2/monitor/health`)).json()) as Health;
  return [health.metadatabase, health.scheduler, health.dag_processor].every(({ status }) => status === "healthy");
}
