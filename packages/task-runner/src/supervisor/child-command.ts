import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { WorkerSettings } from "./worker-settings.ts";

/**
 * The command that starts a child. On Linux it goes through `setpriv`, so that the kernel kills the child when this process
 * dies however it does, and through `prlimit` when memory is limited. Both replace themselves: the pid is the child's.
 */
export function childCommand(childPath: string, settings: WorkerSettings): readonly [string, readonly string[]] {
  const { childHeapBytes, childDataBytes } = settings;
  const heap = childHeapBytes === null ? [] : [`--max-old-space-size=${Math.ceil(childHeapBytes / 1024 / 1024)}`];
  const node = [process.execPath, ...heap, childPath];
  const setpriv = programPath("setpriv");
  const prlimit = childDataBytes === null ? null : programPath("prlimit");
  const [command = process.execPath, ...args] = [
    ...(prlimit ? [prlimit, `--data=${childDataBytes}`] : []),
    ...(setpriv ? [setpriv, "--pdeathsig", "KILL"] : []),
    ...node,
  ];
  return [command, args];
}

function programPath(name: string): string | null {
  if (process.platform !== "linux") return null;
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/bin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
