import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { superviseEmbedded } from "@airloom/db";
import { expect, test } from "vitest";
import { ask, killHard, newHome, runProgram, serverPids, until } from "./embedded-setup.ts";

const postmasterOf = (home: string): number =>
  Number(readFileSync(join(home, "postgres-18", "postmaster.pid"), "utf8").split("\n")[0]);

const answers = (url: string): Promise<boolean> =>
  ask(url, "select 1").then(
    () => true,
    () => false,
  );

test("a killed server comes back at the same address, again and again", async () => {
  const home = newHome();
  await using supervisor = superviseEmbedded({ home });
  await supervisor.start();
  const { url } = supervisor;
  await ask(url, "create table kept as select 1 as one");
  for (let round = 1; round <= 3; round += 1) {
    const killed = postmasterOf(home);
    for (const pid of serverPids(home)) killHard(pid);
    await until(() => answers(url));
    expect(postmasterOf(home)).not.toBe(killed);
    expect(supervisor.url).toBe(url);
  }
  expect(await ask(url, "select * from kept")).toEqual([{ one: 1 }]);
});

test("two processes share a server; the first to leave keeps it running, the last one stops it", async () => {
  const home = newHome();
  const first = await runProgram("supervise", { home });
  const second = await runProgram("supervise", { home });
  const [{ url }] = (await Promise.all([first.line(), second.line()])) as [{ url: string }, { url: string }];
  expect(readdirSync(join(home, "run", "db-users")).length).toBe(2);

  first.child.kill("SIGTERM");
  expect(await first.line()).toBe("left");
  await first.exited;
  expect(await answers(url)).toBe(true);

  second.child.kill("SIGTERM");
  expect(await second.line()).toBe("left");
  await second.exited;
  expect(serverPids(home)).toEqual([]);
  expect(readdirSync(join(home, "run", "db-users"))).toEqual([]);
  expect(existsSync(join(home, "run", "db.lock"))).toBe(false);
});

test("when the server is killed, all its users restart it and one wins", async () => {
  const home = newHome();
  const programs = await Promise.all([1, 2, 3].map(() => runProgram("supervise", { home })));
  const [line] = await Promise.all(programs.map((program) => program.line()));
  for (const pid of serverPids(home)) killHard(pid);
  await until(() => programs.every((program) => /ended/.test(program.said())));
  await until(() => programs.every((program) => /ended.*(runs|attached)/s.test(program.said())));
  expect(await answers(String(line?.url))).toBe(true);
  expect(programs.filter((program) => /ended.*runs \(pid/s.test(program.said())).length).toBe(1);
});

test("a user killed with -9 leaves the server running for the next one, who does not count the dead", async () => {
  const home = newHome();
  const killed = await runProgram("supervise", { home });
  const { url } = (await killed.line()) as { url: string };
  killed.child.kill("SIGKILL");
  await killed.exited;
  const users = join(home, "run", "db-users");
  expect(readdirSync(users).length).toBe(1);
  // The number of a process that runs, with the start time of another: the number was used again.
  writeFileSync(join(users, `${process.pid}-1-old`), readFileSync("/proc/sys/kernel/random/boot_id"));
  expect(await answers(url)).toBe(true);
  const before = postmasterOf(home);

  const supervisor = superviseEmbedded({ home });
  await supervisor.start();
  expect(postmasterOf(home)).toBe(before);
  await supervisor.stop("test");
  expect(serverPids(home)).toEqual([]);
  expect(readdirSync(users)).toEqual([]);
});

test("the lock of a killed process is taken over", async () => {
  const home = newHome();
  const program = await runProgram("start", { home });
  await until(() => existsSync(join(home, "run", "db.lock")));
  program.child.kill("SIGKILL");
  await program.exited;
  const supervisor = superviseEmbedded({ home });
  await supervisor.start();
  expect(await answers(supervisor.url)).toBe(true);
  await supervisor.stop("test");
});

test("when the data disappears under a running server, an empty database is not put in its place", async () => {
  const home = newHome();
  const said: string[] = [];
  await using supervisor = superviseEmbedded({ home, log: (line) => said.push(line) });
  await supervisor.start();
  const pids = serverPids(home);
  rmSync(join(home, "postgres-18"), { recursive: true });
  for (const pid of pids) killHard(pid);
  await until(() => said.some((line) => line.includes("has disappeared")));
  expect(existsSync(join(home, "postgres-18"))).toBe(false);
});

test("stopping twice, or without having started, is safe", async () => {
  const never = superviseEmbedded({ home: newHome() });
  await never.stop("test");
  const supervisor = superviseEmbedded({ home: newHome() });
  await supervisor.start();
  await Promise.all([supervisor.stop("one"), supervisor.stop("two")]);
});
