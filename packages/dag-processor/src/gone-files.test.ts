import { expect, test } from "vitest";
import { createGoneFiles } from "./gone-files.ts";

const listing = (files: readonly string[], unknown: readonly string[] = []) => ({ files, folders: [], unknown });

test("a file is gone after two reports with a pause between them", () => {
  let now = 0;
  const gone = createGoneFiles(1_000, () => now);
  const look = () => gone.toReport(["a.ts", "b.ts"], listing(["b.ts"]));
  expect(look()).toEqual(["a.ts"]);
  expect(gone.reported(["a.ts"])).toEqual([]);
  expect(look()).toEqual([]);
  now = 1_000;
  expect(look()).toEqual(["a.ts"]);
  expect(gone.reported(["a.ts"])).toEqual(["a.ts"]);
  now = 9_000;
  expect(look()).toEqual([]);
  expect(gone.waiting).toBe(false);
});

test("a report that was not taken is made again", () => {
  const gone = createGoneFiles(1_000, () => 0);
  expect(gone.toReport(["a.ts"], listing([]))).toEqual(["a.ts"]);
  expect(gone.toReport(["a.ts"], listing([]))).toEqual(["a.ts"]);
});

test("a folder that is empty all at once gets more time", () => {
  let now = 0;
  const gone = createGoneFiles(1_000, () => now);
  gone.reported(gone.toReport(["a.ts"], listing([])));
  now = 4_999;
  expect(gone.toReport(["a.ts"], listing([]))).toEqual([]);
  now = 5_000;
  expect(gone.toReport(["a.ts"], listing([]))).toEqual(["a.ts"]);
});

test("nothing is said of files in folders that could not be looked into", () => {
  const gone = createGoneFiles(1_000, () => 0);
  expect(gone.toReport(["shut/a.ts", "shutter/b.ts"], listing(["c.ts"], ["shut"]))).toEqual(["shutter/b.ts"]);
});

test("a file that came back starts anew", () => {
  const gone = createGoneFiles(1_000, () => 0);
  gone.reported(gone.toReport(["a.ts"], listing(["b.ts"])));
  expect([gone.isBack("a.ts"), gone.isBack("a.ts")]).toEqual([true, false]);
  expect(gone.toReport(["a.ts"], listing(["b.ts"]))).toEqual(["a.ts"]);
});
