import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openHome } from "./home.ts";

const folder = mkdtempSync(join(tmpdir(), "airloom-home-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a home is made with all that is above it, for its owner alone", () => {
  const home = openHome(folder, { AIRLOOM_HOME: join(folder, "a/b/home") });
  for (const part of ["", "run", "keys"]) expect(statSync(home.path(part)).mode & 0o777).toBe(0o700);
});

test("without a name it is the project's", () => {
  expect(openHome(folder, { AIRLOOM_HOME: "" }).dir).toBe(join(folder, ".airloom"));
});

test("where the system makes no folders the attempt ends", () => {
  expect(() => openHome(folder, { AIRLOOM_HOME: "/proc/nope/home" })).toThrow(/ENOENT/);
});
