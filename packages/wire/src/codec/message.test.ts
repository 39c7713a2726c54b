import { tries } from "@airloom/testkit/properties";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { packMessage, unpackMessage } from "./message.ts";

const corrupt = (value: unknown, binary: unknown): Uint8Array => {
  const text = new TextEncoder().encode(JSON.stringify({ value, binary }));
  const bytes = new Uint8Array(5 + text.length + 2);
  bytes[0] = 1;
  new DataView(bytes.buffer).setUint32(1, text.length, true);
  bytes.set(text, 5);
  return bytes;
};

describe("messages", () => {
  test("carry binary data anywhere, as itself", () => {
    const message = { xcoms: [{ key: "a", bytes: new Uint8Array([1, 2]) }, { items: [new Uint8Array(), null] }], n: 1 };
    expect(unpackMessage(packMessage(message))).toStrictEqual(message);
    expect(unpackMessage(packMessage(new Uint8Array([7])))).toStrictEqual(new Uint8Array([7]));
  });

  test("keep JSON of any shape, and leave out what is undefined", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uint8Array(), (value, bytes) => {
        const expected = JSON.parse(JSON.stringify({ value })) as object;
        expect(unpackMessage(packMessage({ value, bytes, absent: undefined }))).toStrictEqual({ ...expected, bytes });
      }),
      tries(500),
    );
  });

  test("take a Buffer for what it is", () => {
    expect(unpackMessage(packMessage({ part: Buffer.from("ab") }))).toStrictEqual({ part: new Uint8Array([97, 98]) });
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["another version", new Uint8Array([2, 0, 0, 0, 0])],
    ["a length past the end", new Uint8Array([1, 255, 0, 0, 0])],
    ["no JSON", new Uint8Array([1, 1, 0, 0, 0, 65])],
    ["a binary part that is too long", corrupt({ a: null }, [[["a"], 3]])],
    ["bytes left over", corrupt({ a: null }, [[["a"], 1]])],
    ["a place that is not null", corrupt({ a: 1 }, [[["a"], 2]])],
    ["a place that is not there", corrupt({}, [[["a"], 2]])],
    ["a place on a prototype", corrupt({}, [[["__proto__", "polluted"], 2]])],
    ["a negative length", corrupt({ a: null }, [[["a"], -2]])],
    ["a list that is none", corrupt({ a: null }, [1])],
  ])("with %s are refused", (_name, bytes) => {
    expect(() => unpackMessage(bytes)).toThrow(expect.objectContaining({ code: "MESSAGE_CORRUPT" }));
    expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
  });

  test("that are too large are refused on both sides", () => {
    const message = { bytes: new Uint8Array(100) };
    expect(() => packMessage(message, { maxBytes: 100 })).toThrow("at most 100");
    expect(() => unpackMessage(packMessage(message), { maxBytes: 100 })).toThrow("at most 100");
  });
});
