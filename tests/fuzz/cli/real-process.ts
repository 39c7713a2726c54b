import { spawn } from "node:child_process";
import { join } from "node:path";
import { builtAirloom } from "../../support/built-airloom.ts";
import type { World } from "../world.ts";
import type { Ended } from "./judge-ended.ts";
import type { OddSurroundings } from "./surroundings.ts";

/** A command that takes longer is killed, and has failed, ms. */
const patienceMs = 20_000;

/** Runs a command in a process of its own, in surroundings that may be odd. Its standard input is empty. */
export async function runReally({ project }: World, given: OddSurroundings): Promise<Ended> {
  const bundle = join(await builtAirloom(), "cli.mjs");
  const environment = environmentOf(project.environment, given);
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bundle, ...given.args], {
      cwd: given.folder === undefined ? project.dir : project.path(given.folder),
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      ...(given.uid === undefined ? {} : { uid: given.uid, gid: given.uid }),
    });
    const texts = { out: "", err: "" };
    child.stdout.on("data", (chunk: Buffer) => {
      texts.out += chunk;
    });
    child.stderr.on("data", (chunk: Buffer) => {
      texts.err += chunk;
    });
    if (given.closes) child[given.closes].destroy();
    const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...texts, milliseconds: performance.now() - start });
    });
  });
}

function environmentOf(
  own: Readonly<Record<string, string>>,
  { environment = {}, without = [] }: OddSurroundings,
): NodeJS.ProcessEnv {
  const all: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    HOME: own.TMPDIR ?? "",
    USER: "fuzz",
    NO_COLOR: "1",
    ...own,
    ...environment,
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => !without.includes(name)));
}
