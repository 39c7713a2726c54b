import fc from "fast-check";
import { expect, test } from "vitest";
import { packFrame, readFrames } from "./frames.ts";

test("messages arrive whole and in order, however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 8 }),
      fc.infiniteStream(fc.nat(40)),
      (sent, cuts) => {
        const stream = Buffer.concat(sent.map(packFrame));
        const read = readFrames(1_000_000);
        const got: unknown[] = [];
        for (let at = 0; at < stream.length; ) {
          const size = 1 + (cuts.next().value ?? 0);
          got.push(...read(stream.subarray(at, at + size)));
          at += size;
        }
        expect(JSON.stringify(got)).toBe(JSON.stringify(sent));
      },
    ),
  );
});

test("a length above the limit is refused before anything is kept", () => {
  expect(() => readFrames(100)(Buffer.from("GET / HTTP/1.1"))).toThrow(/at most 100/);
});
