import { describe, expect, it } from "vitest";
import { toYaml } from "./yaml.ts";

describe("YAML", () => {
  it("writes nested data in blocks", () => {
    const data = { db: { type: "postgres", port: 5432, extra: {}, tags: ["a", "b"] }, list: [{ id: 1, on: true }, []] };
    expect(toYaml(data)).toBe(
      [
        "db:",
        "  type: postgres",
        "  port: 5432",
        "  extra: {}",
        "  tags:",
        "    - a",
        "    - b",
        "list:",
        "  - id: 1",
        '    "on": true',
        "  - []",
        "",
      ].join("\n"),
    );
  });

  it.each(["true", "No", "null", "12", "1e3", "", " x", "x ", "a: b", "# c", "- d", "line\nend", "***", "~"])(
    "quotes a text that would be read as something else: %j",
    (text) => {
      expect(toYaml([text])).toBe(`- ${JSON.stringify(text)}\n`);
    },
  );

  it("leaves plain texts bare", () => {
    expect(toYaml(["hello", "a b", "x.y/z-1", "user@host"])).toBe("- hello\n- a b\n- x.y/z-1\n- user@host\n");
  });

  it("writes scalars, and leaves undefined fields out", () => {
    expect(toYaml(null)).toBe("null\n");
    expect(toYaml({ a: undefined, b: null, c: 1.5 })).toBe("b: null\nc: 1.5\n");
  });
});
