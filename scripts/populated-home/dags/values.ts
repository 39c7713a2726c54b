import { context, dag, task } from "airloom";

// One of each kind of value that may cross from task to task, so that a later version is seen to read them all.
const kinds = task("kinds", () => ({
  text: "Grüße, 你好",
  number: -0.5,
  nothing: null,
  missing: undefined,
  instant: new Date("2026-01-01T00:00:00.123Z"),
  huge: 2n ** 70n,
  map: new Map([["a", new Set([1, 2])]]),
  floats: Float32Array.of(1.5, -2.25),
  bytes: Uint8Array.of(0, 127, 255),
}));

// Larger than what travels with a task, so it is kept and fetched apart.
const large = task("large", () => Array.from({ length: 20_000 }, (_, index) => `row ${index}`));

const pushed = task("pushed", async () => {
  await context().pushXCom("progress", { done: 3, of: 4 });
  return "pushed";
});

const longLog = task("long_log", (rows: string[]) => {
  for (const row of rows.slice(0, 5_000)) console.log(row);
  console.error("a last line on standard error");
  context().log.warn("with fields", { rows: rows.length });
});

const read = task(
  "read",
  (value: { instant: Date; huge: bigint }, word: string) => `${value.instant.toISOString()} ${value.huge} ${word}`,
);

export default dag("populated_values", { tags: ["populated"] }, () => {
  longLog(large());
  read(kinds(), pushed());
});
