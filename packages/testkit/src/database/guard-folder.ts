import { spawn } from "node:child_process";
import type { Socket } from "node:net";

/** Watches over a temporary folder; see `guardFolder`. */
export interface FolderGuard {
  /** Cleans up now, and resolves when that is done. */
  end(): Promise<void>;
}

/**
 * Waits for the end of its input, which comes when the process at the other end of the pipe closes it or dies. Then it
 * kills what works in the folder (PostgreSQL's processes stand in their data folder) and deletes it, again and again
 * while something that was about to start still writes.
 */
const script = String.raw`
cat >/dev/null
for try in 1 2 3 4 5; do
  kill -9 $(ls -ld /proc/[0-9]*/cwd 2>/dev/null | sed -n "s|.* /proc/\([0-9]*\)/cwd -> $1\(/.*\)*$|\1|p") 2>/dev/null
  rm -rf "$1" 2>/dev/null
  [ -e "$1" ] || exit 0
  sleep 0.2
done
`;

/**
 * Deletes a temporary folder and the servers in it when this process ends, however it ends: test runs are stopped by
 * Ctrl-C, by a time limit, by kill -9. A shell in a session of its own does it.
 * @param folder absolute path without symbolic links and odd characters, as `mkdtemp` makes them.
 */
export function guardFolder(folder: string): FolderGuard {
  const options = { detached: true, cwd: "/", stdio: ["pipe", "ignore", "ignore"] as ["pipe", "ignore", "ignore"] };
  const guard = spawn("/bin/sh", ["-c", script, "sh", folder], options);
  const ended = new Promise<void>((resolve) => guard.once("close", () => resolve()));
  guard.unref();
  (guard.stdin as Socket).unref();
  const end = (): Promise<void> => {
    guard.ref();
    guard.stdin.end();
    return ended;
  };
  return { end };
}
