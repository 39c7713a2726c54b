import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtFile, guardFolder } from "@airloom/testkit";

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A project and a home of one's own, and the built command in them. */
export interface OwnAirloom {
  readonly project: string;
  /** Runs a command to its end. @param input What it reads on standard input; nothing = an empty one. */
  run(args: readonly string[], input?: string): Promise<Ended>;
  /** As `run`; its output parsed. Throws when it fails. */
  json<T>(args: readonly string[]): Promise<T>;
  /** Starts a command that runs until it is stopped, and waits for words on its output. */
  start(args: readonly string[], until: string): Promise<Running>;
  close(): Promise<void>;
}

export interface Running {
  readonly output: () => string;
  /** Waits for more words on its output. */
  until(words: string): Promise<void>;
  stop(): Promise<number | null>;
}

/** @param environment Besides PATH and the home. A project is a folder of `fixtures`, copied. */
export async function ownAirloom(
  fixture: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<OwnAirloom> {
  // The children lie beside the command, as in a build.
  const [main = ""] = await Promise.all([builtFile("cli"), builtFile("task-child"), builtFile("parse-child")]);
  const folder = await mkdtemp(join(tmpdir(), "airloom-cli-"));
  const guard = guardFolder(folder);
  const project = join(folder, "project");
  await cp(join(import.meta.dirname, "fixtures", fixture), project, { recursive: true });
  const env = { PATH: process.env.PATH ?? "", HOME: folder, AIRLOOM_HOME: join(folder, "home"), ...environment };
  const begin = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [main, ...args], { cwd: project, env, stdio: "pipe" });
  const run: OwnAirloom["run"] = async (args, input = "") => {
    const child = begin(args);
    const output = collect(child);
    child.stdin?.end(input);
    const code = await exitOf(child);
    return { code, ...output() };
  };
  return {
    project,
    run,
    async json<T>(args: readonly string[]) {
      const { code, out, err } = await run([...args, "--json"]);
      if (code !== 0) throw new Error(`airloom ${args.join(" ")} ended with ${code}: ${err}`);
      return JSON.parse(out) as T;
    },
    async start(args, until) {
      const child = begin(args);
      const output = collect(child);
      const text = (): string => `${output().out}${output().err}`;
      await said(child, text, until);
      return {
        output: text,
        until: async (words) => {
          if (!text().includes(words)) await said(child, text, words);
        },
        stop: async () => {
          const ended = exitOf(child);
          child.kill("SIGTERM");
          return ended;
        },
      };
    },
    async close() {
      await guard.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function collect(child: ChildProcess): () => { readonly out: string; readonly err: string } {
  const texts = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    texts.out += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    texts.err += chunk;
  });
  return () => ({ ...texts });
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });

/** Resolves when the words have come; rejects with what came instead when the process ends without them. */
function said(child: ChildProcess, text: () => string, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (text().includes(words)) resolve();
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.once("close", () => reject(new Error(`it ended without saying "${words}":\n${text()}`)));
  });
}
