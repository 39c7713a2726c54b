import { describe, expect, it } from "vitest";
import { type Column, renderPlain, renderTable } from "./table.ts";

interface Pool {
  readonly name: string;
  readonly slots: number;
  readonly state: string;
}

const columns: readonly Column<Pool>[] = [
  { title: "POOL", text: ({ name }) => name },
  { title: "SLOTS", text: ({ slots }) => String(slots), right: true },
  { title: "STATE", text: ({ state }) => state, paint: (text) => `<${text}>` },
];
const pools: readonly Pool[] = [
  { name: "default_pool", slots: 128, state: "ok" },
  { name: "small", slots: 1, state: "busy" },
];

describe("A table", () => {
  it("is as wide as its content, with numbers at the right edge", () => {
    expect(renderTable(columns, pools)).toBe(
      ["POOL          SLOTS  STATE", "default_pool    128  <ok   >", "small             1  <busy >", ""].join("\n"),
    );
  });

  it("keeps each row on its line, whatever a text holds", () => {
    const columns: readonly Column<string>[] = [{ title: "NOTE", text: (note) => note }];
    expect(renderTable(columns, ["a\nb\tc\u001b[31m"])).toBe("NOTE\na b c [31m\n");
  });

  it("has only its header when there are no rows", () => {
    expect(renderTable(columns, [])).toBe("POOL  SLOTS  STATE\n");
  });
});

describe("Plain output", () => {
  it("has values between tabs and nothing else", () => {
    expect(renderPlain(columns, pools)).toBe("default_pool\t128\tok\nsmall\t1\tbusy\n");
  });
});
