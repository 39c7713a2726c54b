import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The folder that holds a laptop's whole state, and the project whose Dags it runs. */
export interface Home {
  readonly dir: string;
  /** Where `dags/`, `node_modules` and `airloom.config.ts` lie. */
  readonly project: string;
  readonly path: (...parts: readonly string[]) => string;
}

/** `AIRLOOM_HOME`, else `.airloom` in the project. Made with mode 0700: it holds keys and data. */
export function openHome(project: string, environment: Readonly<Record<string, string | undefined>>): Home {
  const dir = resolve(environment.AIRLOOM_HOME ?? join(project, ".airloom"));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const name of ["run", "keys", "logs", "cache"]) mkdirSync(join(dir, name), { recursive: true, mode: 0o700 });
  return { dir, project: resolve(project), path: (...parts) => join(dir, ...parts) };
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
