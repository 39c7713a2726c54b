import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

interface PlantedBug {
  readonly id: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly why: string;
}

const root = join(fileURLToPath(new URL(".", import.meta.url)), "../..");
const { plantIn } = (await import(join(root, "scripts/plant-bug.mjs"))) as {
  plantIn: (source: string, bug: PlantedBug) => string;
};

async function listOf(kind: string): Promise<readonly PlantedBug[]> {
  const path = join(root, `tests/planted/${kind}.mjs`);
  if (!existsSync(path)) return [];
  return ((await import(path)) as { readonly planted: readonly PlantedBug[] }).planted;
}

const all = [...(await listOf("sql")), ...(await listOf("sim"))];

test.each(all.map((bug) => [bug.id, bug] as const))("the text that %s replaces stands once in its file", (_, bug) => {
  const source = readFileSync(join(root, bug.file), "utf8");
  expect(plantIn(source, bug)).not.toBe(source);
});

test("each planted bug has an id and a reason of its own", () => {
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(all.filter(({ why }) => why.length < 10)).toEqual([]);
});

test("a bug whose text is gone, or stands there twice, is an error", () => {
  const bug = { id: "x", file: "f", find: "lock", replace: "", why: "" };
  expect(() => plantIn("no such text", bug)).toThrow(/0 times/);
  expect(() => plantIn("lock and lock", bug)).toThrow(/2 times/);
  expect(plantIn("a lock $& here", { ...bug, replace: "$&" })).toBe("a $& $& here");
});
