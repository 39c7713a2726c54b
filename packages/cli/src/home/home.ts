import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The folder that holds a laptop's whole state, and the project whose Dags it runs. */
export interface Home {
  readonly dir: string;
  /** Where `dags/`, `node_modules` and `airloom.config.ts` lie. */
  readonly project: string;
  readonly path: (...parts: readonly string[]) => string;
}

/** `AIRLOOM_HOME`, else `.airloom` in the project. Made with mode 0700: it holds keys and data. */
export function openHome(project: string, environment: Readonly<Record<string, string | undefined>>): Home {
  const dir = resolve(environment.AIRLOOM_HOME || join(project, ".airloom"));
  for (const name of ["", "run", "keys", "logs", "cache"]) makeFolder(join(dir, name));
  return { dir, project: resolve(project), path: (...parts) => join(dir, ...parts) };
}

/** With what is above it. Not `recursive`: where the system makes no folders (in /proc), Node 20 tries that for ever. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** A secret of the home, made at first use: base64 text of 32 random bytes, mode 0600. Two processes that make it at once agree. */
export function homeKey(home: Home, name: "encryption" | "signing" | "worker"): string {
  const file = home.path("keys", name);
  if (!existsSync(file)) {
    try {
      writeFileSync(file, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  chmodSync(file, 0o600);
  return readFileSync(file, "utf8").trim();
}
