import { describe, expect, it } from "vitest";
import { resolveConfig } from "./resolve-config.ts";

describe("A value of the configuration", () => {
  it("comes from the first of flag, environment, file, the command's default, default", () => {
    const defaults = { core: { parallelism: 1 } };
    const file = { core: { parallelism: 2 } };
    const environment = { AIRLOOM__CORE__PARALLELISM: "3" };
    const flags = { core: { parallelism: "4" } };
    const found = (input: Parameters<typeof resolveConfig>[0]): unknown[] => {
      const { config, sources } = resolveConfig(input);
      return [config.core.parallelism, sources.get("core.parallelism")];
    };
    expect(found({ environment: {} })).toEqual([32, "default"]);
    expect(found({ environment: {}, defaults })).toEqual([1, "default"]);
    expect(found({ environment: {}, defaults, file })).toEqual([2, "file"]);
    expect(found({ environment, defaults, file })).toEqual([3, "environment"]);
    expect(found({ environment, defaults, file, flags })).toEqual([4, "flag"]);
  });

  it.each([
    ["AIRLOOM__CORE__PARALLELISM", "many", "a number is needed"],
    ["AIRLOOM__CORE__PARALLELISM", " ", "a number is needed"],
    ["AIRLOOM__CORE__DAGS_ARE_PAUSED_AT_CREATION", "maybe", "true or false is needed"],
    ["AIRLOOM__API__PORT", "-1", "at least 0 is needed"],
    ["AIRLOOM__API__PORT", "99999999", "at most 65535 is possible"],
    ["AIRLOOM__API__PORT", "80.5", "a whole number is needed"],
    ["AIRLOOM__DATABASE__POOL_SIZE", "0", "at least 1 is needed"],
    ["AIRLOOM__LOGGING__LEVEL", "loud", "one of debug, info, warn, error is needed"],
  ])("is refused with its name and the reason: %s=%s", (name, value, reason) => {
    expect(() => resolveConfig({ environment: { [name]: value } })).toThrow(`${name} is "${value}": ${reason}.`);
  });

  it("is a list when it is written with commas", () => {
    const { config } = resolveConfig({ environment: { AIRLOOM__WORKERS__QUEUES: "a, b,,c" } });
    expect(config.workers.queues).toEqual(["a", "b", "c"]);
  });

  it("must be of the option's type in the file", () => {
    const file = { core: { parallelism: true } };
    expect(() => resolveConfig({ environment: {}, file })).toThrow("a boolean was given, a number is needed");
  });

  it("is refused when no option has its name", () => {
    expect(() => resolveConfig({ environment: { AIRLOOM__CORE__PARALELISM: "3" } })).toThrow(
      "AIRLOOM__CORE__PARALELISM",
    );
    expect(() => resolveConfig({ environment: {}, file: { core: { paralelism: 3 } } })).toThrow(
      "core.paralelism in airloom.config.ts",
    );
  });
});
