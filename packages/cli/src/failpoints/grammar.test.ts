import { AirloomError } from "@airloom/core";
import { expect, test } from "vitest";
import { parseFailpoints } from "./grammar.ts";

test("a failpoint that is armed with nothing else strikes once, the first time anyone comes by", () => {
  expect(parseFailpoints("api.finish.after_commit=crash")).toEqual([
    { name: "api.finish.after_commit", action: "crash", ms: 0, times: 1, from: 1 },
  ]);
});

test("milliseconds, a count and the first time that counts may follow, and several failpoints, and blanks between them", () => {
  expect(
    parseFailpoints(" worker.spawn=sleep:300*2@5 ;sched.dag.a.b-c=error@2; migrate.step.12.before_commit=droprep;"),
  ).toEqual([
    { name: "worker.spawn", action: "sleep", ms: 300, times: 2, from: 5 },
    { name: "sched.dag.a.b-c", action: "error", ms: 0, times: 1, from: 2 },
    { name: "migrate.step.12.before_commit", action: "droprep", ms: 0, times: 1, from: 1 },
  ]);
});

test("nothing is armed by nothing", () => {
  expect(parseFailpoints("")).toEqual([]);
});

test.each([
  ["worker.spawn", "this cannot be read"],
  ["worker.spawn=", "this cannot be read"],
  ["worker.spawn=crash=crash", "this cannot be read"],
  ["worker.spawn=crash*x", "this cannot be read"],
  ["worker.sprawn=crash", 'there is no failpoint "worker.sprawn"'],
  ["toString=crash", 'there is no failpoint "toString"'],
  ["sched.dag.=crash", 'there is no failpoint "sched.dag."'],
  ["migrate.step.x.before_commit=crash", 'there is no failpoint "migrate.step.x.before_commit"'],
  ["worker.spawn=explode", '"explode" is none of crash, error, sleep'],
  ["worker.spawn=droprep", '"droprep" is none of crash, error, sleep'],
  ["worker.spawn=sleep", "sleep, and nothing else, needs milliseconds"],
  ["worker.spawn=crash:5", "sleep, and nothing else, needs milliseconds"],
  ["worker.spawn=crash*0", "count and nth are 1 or more"],
  ["worker.spawn=crash@0", "count and nth are 1 or more"],
])("%s is refused: %s", (part, reason) => {
  const parse = () => parseFailpoints(`worker.drain=crash; ${part}`);
  expect(parse).toThrow(AirloomError);
  expect(parse).toThrow(`AIRLOOM_FAILPOINTS: ${reason} in "${part}".`);
});
