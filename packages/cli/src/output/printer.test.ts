import { describe, expect, it } from "vitest";
import type { OutputFormat } from "./output-format.ts";
import { createPrinter, type Printer } from "./printer.ts";

function printed(format: OutputFormat, act: (print: Printer) => void): string {
  let text = "";
  act(
    createPrinter({
      format,
      colour: false,
      write: (more) => {
        text += more;
      },
    }),
  );
  return text;
}

const columns = [{ title: "ID", text: ({ id }: { id: string }) => id }];
const rows = [{ id: "a", more: 1 }];

describe("What a command prints", () => {
  it("is a table of columns for people, and whole objects for programs", () => {
    const list = (print: Printer): void => print.rows(columns, rows, "none");
    expect(printed("table", list)).toBe("ID\na\n");
    expect(printed("plain", list)).toBe("a\n");
    expect(JSON.parse(printed("json", list))).toEqual(rows);
    expect(printed("yaml", list)).toBe("- id: a\n  more: 1\n");
  });

  it("says in words that there is nothing, and gives programs an empty list", () => {
    const list = (print: Printer): void => print.rows(columns, [], "There are none.");
    expect(printed("table", list)).toBe("There are none.\n");
    expect(printed("plain", list)).toBe("");
    expect(printed("json", list)).toBe("[]\n");
  });

  it("keeps words for people from programs", () => {
    const act = (print: Printer): void => {
      print.say("working");
      print.done("done.", { done: true });
    };
    expect(printed("table", act)).toBe("working\ndone.\n");
    expect(JSON.parse(printed("json", act))).toEqual({ done: true });
  });

  it("shows fields of one thing line by line", () => {
    expect(printed("table", (print) => print.fields({ name: "x", empty: null, tags: ["a"] }))).toBe(
      'FIELD  VALUE\nname   x\nempty  -\ntags   ["a"]\n',
    );
  });
});
