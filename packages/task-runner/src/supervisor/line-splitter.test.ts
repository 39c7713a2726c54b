import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

const split = (chunks: readonly Buffer[], longest = 100): readonly { text: string; lostBytes: number }[] => {
  const splitter = new LineSplitter(longest);
  const lines = chunks.flatMap((chunk) => [...splitter.push(chunk)]);
  const rest = splitter.rest();
  return rest ? [...lines, rest] : lines;
};

test("lines are the same however the bytes arrive, also inside a character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 7 }), (given, size) => {
      const text = given.replaceAll("\r", "");
      const bytes = Buffer.from(text);
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
      const lines = text.split("\n");
      if (lines.at(-1) === "") lines.pop();
      expect(split(chunks, 10_000).map((line) => line.text)).toEqual(lines.map((line) => Buffer.from(line).toString()));
    }),
  );
});

test("a line that is too long keeps its start and counts the rest", () => {
  const [long, next] = split([Buffer.alloc(5_000, "a"), Buffer.from("bc\nnext")], 100);
  expect(long?.text).toBe("a".repeat(1_124));
  expect(long?.lostBytes).toBe(5_002 - 1_124);
  expect(next).toEqual({ text: "next", lostBytes: 0 });
});

test("empty lines count, a missing end of line does not add one, carriage returns go", () => {
  expect(split([Buffer.from("a\r\n\nb\n")]).map(({ text }) => text)).toEqual(["a", "", "b"]);
});
