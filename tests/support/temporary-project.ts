import {
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { guardFolder } from "@airloom/testkit";
import { root } from "./built-airloom.ts";

/** A project folder of a user, and the home that Airloom keeps in it. */
export interface TemporaryProject {
  readonly dir: string;
  readonly home: string;
  /** Everything Airloom and its tasks put beside the home has to go here. */
  readonly tmp: string;
  readonly port: number;
  readonly url: string;
  /** The password of `admin`. */
  readonly password: string;
  /** Variables every process of this project gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Writes a file; the path is relative to the project. */
  write(path: string, text: string): void;
  read(path: string): string;
  path(...parts: readonly string[]): string;
  /** Kills what runs in it and deletes it. */
  remove(): Promise<void>;
}

export interface ProjectWanted {
  /** Files of `tests/project` to copy: `dags/fan-out.ts`. */
  readonly files?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** @default one that is free */
  readonly port?: number;
  /** Who owns it, when another user is to run Airloom in it. */
  readonly owner?: number;
}

/** Makes a project with a port of its own; it goes away with this process however that ends. */
export async function temporaryProject(wanted: ProjectWanted = {}): Promise<TemporaryProject> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "airloom-e2e-")));
  const guard = guardFolder(dir);
  const path = (...parts: readonly string[]): string => join(dir, ...parts);
  for (const name of ["dags", "tmp"]) mkdirSync(path(name));
  for (const file of wanted.files ?? []) cpSync(join(root, "tests/project", file), path(file), { recursive: true });
  symlinkSync(join(root, "node_modules"), path("node_modules"));
  if (wanted.owner !== undefined)
    for (const one of ["", "dags", "tmp"]) chownSync(path(one), wanted.owner, wanted.owner);
  const port = wanted.port ?? (await freePort());
  const password = "an admin's password";
  return {
    dir,
    home: path(".airloom"),
    tmp: path("tmp"),
    port,
    password,
    url: `http://127.0.0.1:${port}`,
    environment: {
      AIRLOOM_HOME: path(".airloom"),
      AIRLOOM_ADMIN_PASSWORD: password,
      AIRLOOM__API__PORT: String(port),
      TMPDIR: path("tmp"),
      ...wanted.environment,
    },
    path,
    write: (file, text) => {
      mkdirSync(dirname(path(file)), { recursive: true });
      writeFileSync(path(file), text);
    },
    read: (file) => readFileSync(path(file), "utf8"),
    remove: guard.end,
  };
}

/** A port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
