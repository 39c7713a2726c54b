import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SecretMask } from "./secret-mask.ts";

const maskOf = (...secrets: readonly string[]): SecretMask => {
  const mask = new SecretMask();
  for (const secret of secrets) mask.add(secret);
  return mask;
};

describe("what is masked", () => {
  test("a secret as it is, in JSON, in a URL, and in base64 at any offset", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6, maxLength: 30 }), fc.string({ maxLength: 7 }), (secret, before) => {
        fc.pre(secret.trim().length >= 6);
        const mask = maskOf(secret);
        expect(mask.apply(`x${secret}y`)).toBe("x***y");
        expect(mask.apply(JSON.stringify({ secret }))).toBe('{"secret":"***"}');
        expect(mask.apply(`?q=${encodeURIComponent(secret)}&r`)).toBe("?q=***&r");
        const encoded = Buffer.from(before + secret).toString("base64");
        expect(mask.apply(encoded)).not.toBe(encoded);
      }),
    );
  });

  test("each line of a secret of many lines", () => {
    expect(maskOf("-----BEGIN-----\nabcdefgh\n").apply("got abcdefgh")).toBe("got ***");
  });

  test("the longer one first, when one is the start of another", () => {
    expect(maskOf("secret", "secret-and-more").apply("secret-and-more secret")).toBe("*** ***");
  });

  test("texts anywhere in fields, their names too", () => {
    const fields = { hunter22: 1, list: [{ deep: "a hunter22 b" }], count: 22 };
    expect(maskOf("hunter22").applyToFields(fields)).toEqual({ "***": 1, list: [{ deep: "a *** b" }], count: 22 });
  });

  test("password and all texts of a connection's extra, but not where it leads", () => {
    const mask = new SecretMask();
    const where = {
      id: "db",
      type: "postgres",
      host: "db.example.org",
      port: 5432,
      login: "reporter",
      schema: "public",
    };
    mask.addConnection({ ...where, password: "swordfish", extra: { keys: ["key-one-1"], nested: { k: "key-two-2" } } });
    expect(mask.apply("swordfish key-one-1 key-two-2 db.example.org reporter")).toBe(
      "*** *** *** db.example.org reporter",
    );
  });
});

describe("what is not masked", () => {
  test("short values, which would blank out half of every log", () => {
    expect(maskOf("eu", "12345", "     \n     ").apply("eu 12345")).toBe("eu 12345");
  });

  test("a value with characters that mean something in a pattern masks itself alone", () => {
    expect(maskOf("a.c+(e)").apply("abc+(e) a.c+(e)")).toBe("abc+(e) ***");
  });
});
