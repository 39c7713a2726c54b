import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type OwnAirloom, ownAirloom } from "./own-airloom.ts";

let airloom: OwnAirloom;

beforeAll(async () => {
  airloom = await ownAirloom("shop", { AIRLOOM__CORE__PARALLELISM: "7", SECRET_OF_THE_SHELL: "hush" });
});
afterAll(() => airloom.close());
const file = (): string => join(airloom.project, "airloom.config.ts");
afterEach(() => rm(file(), { force: true }));

const optionOf = async (name: string): Promise<unknown> => {
  const lines = await airloom.json<readonly { section: string; key: string; value: unknown; source: string }[]>([
    "config",
    "list",
  ]);
  const found = lines.find(({ section, key }) => `${section}.${key}` === name);
  return found && [found.value, found.source];
};
const failure = async (): Promise<string> => {
  const { code, err } = await airloom.run(["config", "list"]);
  expect(code).toBe(1);
  return err.split("\n")[0] ?? "";
};

describe("airloom.config.ts", () => {
  it("gives options, below the environment and above the defaults", async () => {
    await writeFile(
      file(),
      `interface Given { readonly folder: string }
       const given: Given = { folder: "pipelines" };
       export default { core: { dagsFolder: given.folder, parallelism: 99 }, workers: { queues: ["a", "b"] } };`,
    );
    expect(await optionOf("core.dagsFolder")).toEqual(["pipelines", "file"]);
    expect(await optionOf("core.parallelism")).toEqual([7, "environment"]);
    expect(await optionOf("workers.queues")).toEqual([["a", "b"], "file"]);
    expect(await optionOf("api.port")).toEqual([8080, "default"]);
  });

  it("is not told the environment", async () => {
    await writeFile(file(), `export default { core: { dagsFolder: process.env.SECRET_OF_THE_SHELL ?? "not told" } };`);
    expect(await optionOf("core.dagsFolder")).toEqual(["not told", "file"]);
  });

  it("is refused with its place when it does not compile, throws, or names what there is not", async () => {
    await writeFile(file(), "export default {\n  core: { dagsFolder: };\n");
    expect(await failure()).toMatch(/^error: airloom\.config\.ts:2:\d+: Unexpected "}"/);
    await writeFile(file(), "const a = 1;\n\nthrow new TypeError('not today ' + a);\n");
    expect(await failure()).toBe("error: airloom.config.ts:3:7: TypeError: not today 1.");
    await writeFile(file(), "export default { core: { paralelism: 3 } };");
    expect(await failure()).toBe("error: There is no option core.paralelism in airloom.config.ts.");
    await writeFile(file(), "export default { api: { port: true } };");
    expect(await failure()).toContain("a boolean was given, a number is needed");
    await writeFile(file(), "export default 3;");
    expect(await failure()).toBe("error: airloom.config.ts: its default export is not an object of objects.");
    await writeFile(file(), "process.exit(0);");
    expect(await failure()).toBe("error: airloom.config.ts: its process ended before the file was read.");
  });

  it("does not disturb commands that need no configuration", async () => {
    await writeFile(file(), "throw new Error();");
    expect(await airloom.run(["version"])).toEqual({ code: 0, out: "0.1.0\n", err: "" });
  });
});
