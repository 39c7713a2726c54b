import { describe, expect, it } from "vitest";
import { z } from "zod";
import { decodeBinaryFile, encodeBinaryFile } from "./binary-file.ts";

const parse = (value: unknown) => z.object({ name: z.string() }).parse(value);
const content = {
  header: { name: "größe" },
  floats: [new Float32Array([1.5, -0.1]), new Float32Array()],
  bytes: [new Uint8Array([7, 8, 9])],
};

describe("a binary file", () => {
  it("comes back as it was written, wherever in memory it lies", () => {
    const file = encodeBinaryFile(content);
    expect(decodeBinaryFile(file, parse)).toEqual(content);
    const moved = Buffer.concat([Buffer.alloc(1), file]).subarray(1);
    expect(decodeBinaryFile(moved, parse)).toEqual(content);
  });

  it("that lost a byte, or is another format, is refused", () => {
    const file = encodeBinaryFile(content);
    expect(() => decodeBinaryFile(file.subarray(0, -1), parse)).toThrow("its header promises");
    expect(() => decodeBinaryFile(Buffer.from("PNG, perhaps?"), parse)).toThrow("not a file of the format");
  });
});
