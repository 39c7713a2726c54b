import { expect, test } from "vitest";
import { makeWorlds } from "./shifted-world.ts";

const observe = () => ({
  now: Date.now(),
  made: new Date().toISOString(),
  day: new Date().toISOString().slice(0, 10),
  text: Date(),
  coin: Math.random() < 0.5,
});

test("what depends on time or chance differs between the worlds", () => {
  const { first, second } = makeWorlds();
  const [one, two] = [first(observe), second(observe)];
  for (const key of Object.keys(one) as (keyof typeof one)[]) expect(two[key], key).not.toEqual(one[key]);
});

test("what does not stays the same, and the world is put back", () => {
  const before = { Date: globalThis.Date, random: Math.random };
  const fixed = () => [
    new Date("2026-01-01").toISOString(),
    Date.UTC(2026, 0),
    Date.parse("2026-01-01"),
    new Date(5) instanceof Date,
  ];
  const { first, second } = makeWorlds();
  expect(second(fixed)).toEqual(first(fixed));
  expect(() =>
    second(() => {
      throw new Error("x");
    }),
  ).toThrow("x");
  expect({ Date: globalThis.Date, random: Math.random }).toEqual(before);
});
