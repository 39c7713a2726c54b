import fc from "fast-check";
import { expect, test } from "vitest";
import { frameReader, packFrame } from "./frames.ts";

test("messages come out as they went in, however the bytes are cut", () => {
  const message = fc.record({ kind: fc.string(), bytes: fc.uint8Array(), list: fc.array(fc.integer()) });
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (messages, sizes) => {
      const stream = Buffer.concat(messages.map(packFrame));
      const read = frameReader();
      const found: unknown[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = sizes[turn % sizes.length] as number;
        found.push(...read(stream.subarray(at, at + size)));
        at += size;
      }
      expect(found).toEqual(messages);
    }),
  );
});

test("a length that cannot be is refused at once", () => {
  const read = frameReader();
  expect(() => read(new Uint8Array([255, 255, 255, 255]))).toThrow(/bytes/);
});
